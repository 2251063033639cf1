//! What is printed, and what becomes of it when nobody can read it any more.
//!
//! | macro | what it prints | if the stream is gone or full |
//! |---|---|---|
//! | `say!` | a result, to standard output: what the command is for | an error; a reader that left, like `head`, ends the command in silence |
//! | `remark!` | to standard output, beside what the command writes to files | it is lost |
//! | `note!` | to standard error | it is lost |

use std::env;
use std::ffi::OsStr;
use std::fmt::Arguments;
use std::io::{self, ErrorKind, IsTerminal, Write};

use thiserror::Error;

/// A result could not be printed.
#[derive(Debug, Error)]
#[error("cannot write to standard output: {0}")]
pub struct OutputError(#[from] io::Error);

impl OutputError {
    /// Whether standard output was closed by its reader, as `head` does, which is no failure.
    pub fn reader_left(&self) -> bool {
        self.0.kind() == ErrorKind::BrokenPipe
    }
}

/// Prints a line of a result.
///
/// # Errors
/// If standard output cannot be written to.
pub fn print_result(text: Arguments<'_>) -> Result<(), OutputError> {
    Ok(print(io::stdout().lock(), text)?)
}

/// Prints a line to standard output, if that is possible.
pub fn print_remark(text: Arguments<'_>) {
    print(io::stdout().lock(), text).ok();
}

/// Prints a line to standard error, if that is possible.
pub fn print_note(text: Arguments<'_>) {
    print(io::stderr().lock(), text).ok();
}

/// In one piece: several ranks may print at once.
fn print(mut stream: impl Write, text: Arguments<'_>) -> io::Result<()> {
    stream.write_all(format!("{text}\n").as_bytes())?;
    stream.flush()
}

/// Prints a line of a result, or returns the error.
macro_rules! say {
    ($($words:tt)*) => {
        $crate::streams::print_result(format_args!($($words)*))?
    };
}

/// Prints a line that goes with files that are written.
macro_rules! remark {
    ($($words:tt)*) => {
        $crate::streams::print_remark(format_args!($($words)*))
    };
}

/// Prints a warning, an error or progress.
macro_rules! note {
    ($($words:tt)*) => {
        $crate::streams::print_note(format_args!($($words)*))
    };
}

pub(crate) use {note, remark, say};

/// Whether a stream is a terminal that can move its cursor, so that a line can be drawn again.
pub fn redraws(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && can_move(env::var_os("TERM").as_deref())
}

/// Whether a stream is a terminal that is to show colours.
pub fn shows_colours(stream: &impl IsTerminal) -> bool {
    redraws(stream) && wants_colours(env::var_os("NO_COLOR").as_deref())
}

fn can_move(terminal: Option<&OsStr>) -> bool {
    terminal != Some(OsStr::new("dumb"))
}

/// `NO_COLOR`, unless empty, forbids colours (<https://no-color.org>).
fn wants_colours(no_color: Option<&OsStr>) -> bool {
    no_color.is_none_or(OsStr::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_about_colours_and_redrawing() {
        let wants = |value: &str| wants_colours(Some(OsStr::new(value)));
        assert!(wants_colours(None) && wants("") && !wants("1") && !wants("0"));
        let moves = |value: &str| can_move(Some(OsStr::new(value)));
        assert!(can_move(None) && moves("xterm") && !moves("dumb"));
    }
}
