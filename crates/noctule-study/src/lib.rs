//! Sweeps and pictures of spiking networks that [`noctule_train`] trains, on any engine.
//!
//! | module | what it has |
//! |---|---|
//! | [`sweep`] | one experiment over a grid of one or two of its keys |
//! | [`sweep_picture`] | the result of a sweep as a picture |
//! | [`seeds`] | what runs of one experiment with several seeds reached |
//! | [`heatmap`] | values on a grid as colours |
//! | [`dot_plot`] | values with their spread along one axis |
//! | [`robustness`] | the study of imprecise analog chips |
//! | [`spikes`] | the study of many spikes against one |
//! | [`report`] | `report.html`: a run or a study as one page |
//! | [`study`] | studies: what they measured, as data, Markdown and pictures |
//! | [`chip`] | analog chips as a model, and engines that train for one |
//! | [`decision`] | decisions with the output spikes so far |
//! | [`euler`] | simulation in time steps, to compare with |
//! | [`precision`] | the study of the precision of spike times and gradients, and of its cost |
//! | [`decision_map`] | the classes that a Yin-Yang network predicts, point by point |

mod canvas;
pub mod chip;
pub mod decision;
pub mod decision_map;
pub mod dot_plot;
mod encoded;
pub mod euler;
pub mod heatmap;
pub mod precision;
pub mod report;
pub mod robustness;
pub mod seeds;
pub mod spikes;
mod statistics;
pub mod study;
pub mod sweep;
pub mod sweep_picture;

pub use decision::DecisionTimes;
pub use decision_map::{DecisionMap, PictureError};
pub use dot_plot::{DotPlot, DotPlotError};
pub use heatmap::{HeatMap, HeatMapError};
pub use seeds::{Figures, SeedRun, SeedsSummary};
pub use sweep::{Sweep, SweepError, SweepOutcome};
