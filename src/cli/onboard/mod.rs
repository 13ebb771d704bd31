//! `kit onboard`: what the files describe becomes what the events API and Commerce have.

pub mod ground;
