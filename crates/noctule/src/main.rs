//! The `noctule` command.

mod cli;
mod commands;
mod output;
mod progress;
mod summary;

use std::io;
use std::process::ExitCode;

use clap::Parser;

/// The exit status of every named error.
const FAILURE: u8 = 2;
/// The exit status after Ctrl-C, as shells expect it.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    match commands::run(cli::Cli::parse()) {
        Ok(commands::Outcome::Done) => ExitCode::SUCCESS,
        Ok(commands::Outcome::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(error) if reader_left(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", explain(&error));
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
