//! The `noctule` command: from words to an exit status.

use std::ffi::OsString;
use std::io::ErrorKind;

use clap::Parser;
use noctule_data::DownloadError;

use crate::cli::Cli;
use crate::outcome::{FAILURE, INTERRUPTED, Outcome};
use crate::streams::{OutputError, note};
use crate::{commands, ranks};

/// Runs the command that these words name, of which the first is the name of the program, and returns its exit status.
/// Results go to standard output, and everything else that is said to standard error.
///
/// A command that trains or measures listens for signals, and goes on listening afterwards: this is the last thing that a
/// process does.
pub fn run<Word: Into<OsString> + Clone>(words: impl IntoIterator<Item = Word>) -> u8 {
    let command = match Cli::try_parse_from(words) {
        Ok(command) => command,
        Err(usage) => return show(&usage),
    };
    let mut ranks = ranks::Ranks::default();
    match commands::run(command, &mut ranks) {
        Ok(outcome) => {
            ranks.leave(None);
            outcome.status()
        }
        Err(error) if reader_left(&error) => {
            ranks.leave(Some(0));
            Outcome::Done.status()
        }
        Err(error) if was_stopped(&error) => {
            note!("Stopped while downloading; the same command continues where it stopped.");
            ranks.leave(Some(INTERRUPTED));
            INTERRUPTED
        }
        Err(error) => {
            if ranks.reports(&error) {
                note!("error: {}{}", ranks.prefix(), explain(&error));
            }
            ranks.leave(Some(FAILURE));
            FAILURE
        }
    }
}

/// Shows what is wrong with the words of a command, or the help that they asked for, which is a result.
fn show(usage: &clap::Error) -> u8 {
    if !ranks::is_first() {
        return if usage.use_stderr() { FAILURE } else { 0 };
    }
    match usage.print() {
        _ if usage.use_stderr() => FAILURE,
        Err(lost) if lost.kind() != ErrorKind::BrokenPipe => {
            note!("error: {}", OutputError::from(lost));
            FAILURE
        }
        _ => 0,
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
