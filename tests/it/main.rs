//! The whole program, from outside: HTTP, command line, files.

mod commands;
mod coverage;
mod crash;
mod delivery;
mod golden;
mod ingestion;
mod support;
mod tidy;
