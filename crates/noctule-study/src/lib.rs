//! Sweeps and pictures of spiking networks that [`noctule_train`] trains, on any engine.
//!
//! | module | what it has |
//! |---|---|
//! | [`sweep`] | one experiment over a grid of two of its keys |
//! | [`seeds`] | what runs of one experiment with several seeds reached |
//! | [`heatmap`] | the result of a sweep as a picture |
//! | [`decision_map`] | the classes that a Yin-Yang network predicts, point by point |

pub mod decision_map;
pub mod heatmap;
pub mod seeds;
pub mod sweep;

pub use decision_map::{DecisionMap, PictureError};
pub use heatmap::{HeatMap, HeatMapError};
pub use seeds::{Figures, SeedRun, SeedsSummary};
pub use sweep::{SweepError, SweepOutcome};
