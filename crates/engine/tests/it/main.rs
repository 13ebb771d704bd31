//! The engine on a real store, with a clock moved by hand and actions that do what an event's steps say.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod acks;
mod arrivals;
mod attempts;
mod audit;
mod batches;
mod carriers;
mod flaky;
mod follow;
mod health;
mod house;
mod intake;
mod jobs;
mod memory;
mod order;
mod product;
mod reception;
mod records;
mod restart;
mod runtime_action;
mod schedule;
mod sequences;
mod service;
mod text;
mod traces;
mod web;
mod web_action;
mod world;
