//! How commands end.

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

impl Outcome {
    /// The exit status.
    pub fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Interrupted => INTERRUPTED,
            Self::Failed => NOT_PASSED,
        }
    }
}
