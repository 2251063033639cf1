//! The parts of a data set.

use std::fmt;

/// A part of a data set.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Split {
    /// Samples for training.
    Train,
    /// Samples for model selection. Few sets come with this part; [`crate::Dataset::split`] makes one for the others.
    Validation,
    /// Samples for the final evaluation.
    Test,
}

impl fmt::Display for Split {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}
