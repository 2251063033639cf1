//! The `noctule` command.

// These end the process when their stream is gone; see `streams`.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod bar;
mod cli;
mod commands;
mod environment;
mod outcome;
mod plural;
mod progress;
mod ranks;
mod signals;
mod streams;
mod study_progress;
mod suggest;
mod summary;
mod sweep_progress;

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::Parser;
use noctule_data::DownloadError;
use outcome::{FAILURE, Outcome};
use streams::{OutputError, note};

fn main() -> ExitCode {
    environment::prepare();
    let command = match cli::Cli::try_parse() {
        Ok(command) => command,
        Err(usage) => return show(&usage),
    };
    let mut ranks = ranks::Ranks::default();
    match commands::run(command, &mut ranks) {
        Ok(outcome) => {
            ranks.leave(None);
            outcome.into()
        }
        Err(error) if reader_left(&error) => {
            ranks.leave(Some(0));
            ExitCode::SUCCESS
        }
        Err(error) if was_stopped(&error) => {
            note!("Stopped while downloading; the same command continues where it stopped.");
            ranks.leave(Some(outcome::INTERRUPTED));
            Outcome::Interrupted.into()
        }
        Err(error) => {
            if ranks.reports(&error) {
                note!("error: {}{}", ranks.prefix(), explain(&error));
            }
            ranks.leave(Some(FAILURE));
            ExitCode::from(FAILURE)
        }
    }
}

/// Shows what is wrong with the words of a command, or the help that they asked for, which is a result.
fn show(usage: &clap::Error) -> ExitCode {
    if !ranks::is_first() {
        return ExitCode::from(if usage.use_stderr() { FAILURE } else { 0 });
    }
    match usage.print() {
        _ if usage.use_stderr() => ExitCode::from(FAILURE),
        Err(lost) if lost.kind() != ErrorKind::BrokenPipe => {
            note!("error: {}", OutputError::from(lost));
            ExitCode::from(FAILURE)
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Whether the reader of the result closed standard output, as `head` does.
fn reader_left(error: &anyhow::Error) -> bool {
    let output = error.downcast_ref::<OutputError>();
    output.is_some_and(OutputError::reader_left)
}

/// Whether a signal ended a download.
fn was_stopped(error: &anyhow::Error) -> bool {
    let download = error.downcast_ref::<DownloadError>();
    download.is_some_and(|error| matches!(error, DownloadError::Stopped { .. }))
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
