//! Printing that can fail: a full disk behind `>` is an error, a reader that closes the pipe is not.

use std::fmt::Arguments;
use std::io::{self, Write};

/// Prints one line.
///
/// # Errors
/// If standard output cannot be written to.
pub fn line(text: Arguments<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_fmt(text)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Prints a line to standard output, or returns the error.
macro_rules! say {
    ($($words:tt)*) => {
        $crate::output::line(format_args!($($words)*))?
    };
}

pub(crate) use say;
