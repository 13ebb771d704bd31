//! The whole program, from outside: HTTP, command line, files.

mod crash;
mod delivery;
mod support;
