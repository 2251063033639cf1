//! How commands end.

use std::process::ExitCode;

/// The exit status if something that was judged did not pass.
pub const NOT_PASSED: u8 = 1;
/// The exit status of every named error.
pub const FAILURE: u8 = 2;
/// The exit status after Ctrl-C and other signals that ask to stop, as shells expect it.
pub const INTERRUPTED: u8 = 130;

/// How a command ended, if it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is done.
    Done,
    /// A signal came first.
    Interrupted,
    /// All is done, and something that was judged did not pass.
    Failed,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Interrupted => Self::from(INTERRUPTED),
            Outcome::Failed => Self::from(NOT_PASSED),
        }
    }
}
