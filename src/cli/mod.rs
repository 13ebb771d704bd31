mod action;
mod activation;
mod check;
mod credential;
mod delivery;
mod demo;
mod dev;
mod distant;
mod doctor;
mod event;
mod follow;
mod job;
mod journal;
mod kept;
mod local;
mod manual;
mod moment;
mod onboard;
mod orders;
mod registration;
mod serve;
mod signing_key;
mod source;
mod subscribe;
pub mod table;
mod torture;
mod verify;
mod webhook_secret;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Takes back-office events in, and brings them to Adobe Commerce.
#[derive(Debug, Parser)]
#[command(name = "kit", version, after_help = manual::EXIT_CODES)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

impl Arguments {
    /// Without a command: `dev`.
    pub fn command(self) -> Command {
        self.command.unwrap_or_else(|| Command::Dev(dev::Options::default()))
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve everything on embedded defaults, with a sandbox Commerce to try it on.
    Dev(dev::Options),
    /// Send a sample of every event through the whole way and print what became of it.
    Demo(demo::Options),
    /// Serve in production: needs its settings, refuses unsafe defaults.
    Serve,
    /// Read all settings and say what is missing or contradictory.
    Check(check::Options),
    /// Look whether everything works together, and say what to do where it does not: variables, clock, token, events API,
    /// webhooks, Commerce, back office.
    Doctor(doctor::Options),
    /// Bring what onboarding/config describes to the events API: providers, event metadata, registrations.
    Onboard(onboard::Options),
    /// Take away what onboarding made.
    Offboard(onboard::offboard::Options),
    /// Have Commerce send the events that `onboarding/config/commerce-event-subscribe.json` lists.
    Subscribe(subscribe::Options),
    /// List the deployed actions, look at one, or call it.
    #[command(subcommand)]
    Action(action::Command),
    /// Look at runs of actions.
    #[command(subcommand)]
    Activation(activation::Command),
    /// Look at what became of events on their way, and have deliveries run again.
    #[command(subcommand)]
    Delivery(delivery::Command),
    /// Work on stored events.
    #[command(subcommand)]
    Event(event::Command),
    /// Look at registrations and how they are doing, and enable one.
    #[command(subcommand)]
    Registration(registration::Command),
    /// Read the journals of registrations.
    #[command(subcommand)]
    Journal(journal::Command),
    /// Look at work that the kit was asked for.
    #[command(subcommand)]
    Job(job::Command),
    /// Manage the clients of our own events service.
    #[command(subcommand)]
    Credential(credential::Command),
    /// Manage the keys that our own events service signs deliveries with.
    #[command(subcommand)]
    SigningKey(signing_key::Command),
    /// Check whether a stored request would be believed, and say what differs.
    Verify(verify::Options),
    /// Manage the secrets that webhooks of registrations share with our own events service.
    #[command(subcommand)]
    WebhookSecret(webhook_secret::Command),
    /// Print the script that completes commands and options in a shell.
    Completions(manual::Options),
    /// Print the manual page: `kit man | man -l -`.
    Man,
    /// Kill the program under load, with faults all around it, and check that nothing was lost, doubled or left.
    Torture(torture::Options),
    /// What `torture` starts and kills.
    #[command(hide = true)]
    TortureChild(torture::child::Options),
}

/// The command was carried out, and what it found is bad; it has said so itself.
#[derive(Debug, thiserror::Error)]
#[error("the command found faults")]
pub struct Found;

pub async fn run(command: Command) -> ExitCode {
    let done = match command {
        Command::Dev(options) => dev::run(&root(), &options).await,
        Command::Demo(options) => demo::run(&root(), &options).await,
        Command::Serve => serve::run(&root()).await,
        Command::Check(options) => check::run(&root(), &options),
        Command::Doctor(options) => doctor::run(&root(), &options).await,
        Command::Onboard(options) => onboard::run(&root(), &options).await,
        Command::Offboard(options) => onboard::offboard::run(&root(), &options).await,
        Command::Subscribe(options) => subscribe::run(&root(), &options).await,
        Command::Action(command) => action::run(&root(), &command).await,
        Command::Activation(command) => activation::run(&root(), &command).await,
        Command::Delivery(command) => delivery::run(&root(), &command).await,
        Command::Event(command) => event::run(&root(), &command).await,
        Command::Registration(command) => registration::run(&root(), &command).await,
        Command::Journal(command) => journal::run(&root(), &command).await,
        Command::Job(command) => job::run(&root(), &command).await,
        Command::Credential(command) => credential::run(&root(), &command),
        Command::SigningKey(command) => signing_key::run(&root(), &command),
        Command::Verify(options) => verify::run(&root(), &options),
        Command::WebhookSecret(command) => webhook_secret::run(&root(), &command),
        Command::Completions(options) => manual::completions(&options),
        Command::Man => manual::man(),
        Command::Torture(options) => torture::run(&root(), &options).await,
        Command::TortureChild(options) => torture::child::run(&root(), &options).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is::<Found>() {
                report(&error);
            }
            ExitCode::FAILURE
        }
    }
}

/// The folder of the project: where the command is run.
fn root() -> PathBuf {
    Path::new(".").to_owned()
}

/// An error with its causes, each on a line of its own, without the secrets of the settings.
fn report(error: &anyhow::Error) {
    let redactor = redaction::process();
    eprintln!("error: {}", redactor.text(&error.to_string()));
    for cause in error.chain().skip(1) {
        eprintln!("  because: {}", redactor.text(&cause.to_string()));
    }
}
