//! What was measured of a network on a chip.

use serde::{Deserialize, Serialize};

use super::point::Point;

/// A way to a network on a chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The weights of the exact network, unchanged.
    Transferred,
    /// Trained on under the chip's model.
    UnderModel,
    /// Trained on with the chip in the loop.
    InTheLoop,
}

impl Way {
    /// All ways.
    pub const ALL: [Self; 3] = [Self::Transferred, Self::UnderModel, Self::InTheLoop];

    /// The way in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Transferred => "transferred",
            Self::UnderModel => "under the model",
            Self::InTheLoop => "in the loop",
        }
    }
}

/// What a network reached on one chip.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChipOutcome {
    /// Index of the task in the plan.
    pub task: usize,
    /// How imprecise the chip is.
    pub point: Point,
    /// The number of the chip.
    pub chip: u64,
    /// How the network came there.
    pub way: Way,
    /// Test accuracy of the exact network that it was made from.
    pub exact: f64,
    /// Test accuracy of this network on no chip, trained on for as long as networks are for chips.
    pub ideal: f64,
    /// Test accuracy on the chip.
    pub accuracy: f64,
}
