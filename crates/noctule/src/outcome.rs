//! How commands end.

/// How a command ended, if it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is done.
    Done,
    /// Ctrl-C came first.
    Interrupted,
    /// All is done, and something that was judged did not pass.
    Failed,
}
