//! The `noctule` command.

mod cli;
mod commands;
mod outcome;
mod output;
mod plural;
mod progress;
mod ranks;
mod summary;

use std::io;
use std::process::ExitCode;

use clap::Parser;
use outcome::Outcome;

/// The exit status if something that was judged did not pass.
const NOT_PASSED: u8 = 1;
/// The exit status of every named error.
const FAILURE: u8 = 2;
/// The exit status after Ctrl-C, as shells expect it.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let mut ranks = ranks::Ranks::default();
    match commands::run(cli::Cli::parse(), &mut ranks) {
        Ok(outcome) => {
            ranks.leave(None);
            match outcome {
                Outcome::Done => ExitCode::SUCCESS,
                Outcome::Interrupted => ExitCode::from(INTERRUPTED),
                Outcome::Failed => ExitCode::from(NOT_PASSED),
            }
        }
        Err(error) if reader_left(&error) => {
            ranks.leave(Some(0));
            ExitCode::SUCCESS
        }
        Err(error) => {
            let name = ranks
                .name()
                .map_or(String::new(), |name| format!("{name}: "));
            // In one piece: several ranks may print at once.
            let message = format!("error: {name}{}\n", explain(&error));
            eprint!("{message}");
            ranks.leave(Some(FAILURE));
            ExitCode::from(FAILURE)
        }
    }
}

/// Whether standard output was closed by its reader, as `| head` does.
fn reader_left(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// The error with its causes. Most errors of the libraries quote their cause, which is then not said again.
fn explain(error: &anyhow::Error) -> String {
    let mut message = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !message.contains(&cause) {
            message.push_str(": ");
            message.push_str(&cause);
        }
    }
    message
}
