//! The whole program, from outside: HTTP, command line, files.

mod support;
