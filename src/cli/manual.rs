//! What shells and `man` are told about the program, made from the commands themselves.

use std::io::Write;

use anyhow::Context;
use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::Arguments;

/// How commands end.
pub const EXIT_CODES: &str = "Exit codes:
  0    done
  1    failed, or found what it looks for: faults, differences, what was not delivered
  2    not understood: an unknown command or option, or a value that is none
  141  nobody reads what it prints any more";

/// Of all variables those that commands read; `.env.example` has those of the server.
const VARIABLES: [(&str, &str); 8] = [
    ("KIT_URL", "The kit that commands ask. Without it: the folder here, and for calls the kit of this machine."),
    ("KIT_API_KEY", "The key that goes along to KIT_URL, as that kit has it in AIO_runtime_auth."),
    ("AIO_runtime_auth", "What stands for KIT_API_KEY when that is not set, as for aio."),
    ("KIT_DATA", "The folder with the store; data unless set."),
    ("KIT_BIND", "Address and port of the kit on this machine; 127.0.0.1:9080 unless set."),
    ("KIT_INGESTION_AUTH", "How event send proves who sends, with the variables of its schemes."),
    ("OAUTH_CLIENT_ID", "With OAUTH_CLIENT_SECRET and OAUTH_ORG_ID: calls of actions bring an access token along."),
    ("NO_COLOR", "When it is set nothing is coloured."),
];

#[derive(Debug, Args)]
pub struct Options {
    /// The shell.
    shell: Shell,
}

/// Prints the script that completes commands and options in a shell.
pub fn completions(options: &Options) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut <Arguments as CommandFactory>::command(), "kit", &mut script);
    print(&script)
}

/// Prints the manual: one page, with all commands.
pub fn man() -> anyhow::Result<()> {
    let mut program = <Arguments as CommandFactory>::command();
    program.build();
    let mut page = Vec::new();
    let man = Man::new(program.clone().after_help("").after_long_help("")).date("").manual("Commands");
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    for command in visible(&program) {
        write(command, &mut page)?;
    }
    section(&mut page, "ENVIRONMENT", &VARIABLES)?;
    let codes: Vec<(&str, &str)> = EXIT_CODES
        .lines()
        .skip(1)
        .filter_map(|line| line.trim().split_once(' '))
        .map(|(code, told)| (code, told.trim()))
        .collect();
    section(&mut page, "EXIT STATUS", &codes)?;
    print(&page)
}

/// A command, then those below it.
fn write(command: &Command, page: &mut Vec<u8>) -> anyhow::Result<()> {
    let name = command.get_bin_name().or(command.get_display_name()).unwrap_or(command.get_name()).to_uppercase();
    if !command.has_subcommands() {
        let man = Man::new(command.clone().disable_help_flag(true));
        writeln!(page, ".SH \"{name}\"")?;
        for part in [Man::render_synopsis_section, Man::render_description_section, Man::render_options_section] {
            let mut text = Vec::new();
            part(&man, &mut text)?;
            let text = String::from_utf8(text).context("a manual is text")?;
            // All of it stands below one heading; what defines the apostrophe is in the page once.
            let is_kept = |line: &&str| ![".SH", ".ie", ".el"].iter().any(|begin| line.starts_with(begin));
            writeln!(page, ".PP")?;
            for line in text.lines().filter(is_kept) {
                writeln!(page, "{line}")?;
            }
        }
    }
    for below in visible(command) {
        write(below, page)?;
    }
    Ok(())
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help")
}

fn section(page: &mut Vec<u8>, title: &str, rows: &[(&str, &str)]) -> anyhow::Result<()> {
    writeln!(page, ".SH \"{title}\"")?;
    for (name, told) in rows {
        writeln!(page, ".TP\n\\fB{name}\\fR\n{told}")?;
    }
    Ok(())
}

fn print(text: &[u8]) -> anyhow::Result<()> {
    print!("{}", std::str::from_utf8(text).context("what is printed is text")?);
    Ok(())
}
