//! The whole program, from outside: HTTP, command line, files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod actions;
mod adobe_auth;
mod backoffice;
mod both_ways;
mod circle;
mod cli;
mod commands;
mod commerce_signature;
mod coverage;
mod crash;
mod credentials;
mod declared;
mod deliveries_cli;
mod delivery;
mod doctor;
mod encryption;
mod entities;
mod env_file;
mod events_sdk;
mod exposure;
mod file_modes;
mod golden;
mod in_doubt;
mod ingestion;
mod limits;
mod onboarding;
mod openwhisk;
mod operations;
#[cfg(feature = "planted-leak")]
mod planted_leak;
mod rerun;
mod runtime_api;
mod runtime_key;
mod sandbox_events;
mod secrets;
mod security_headers;
mod settings;
mod subscribe;
mod support;
mod telemetry;
mod tidy;
mod torture;
mod two_processes;
mod verify;
mod watch;
mod webhooks;
mod whisk_auth;
