//! What a network decides with the output spikes so far.

mod changes;
mod times;

pub(crate) use changes::margin;
pub use changes::{Decision, decisions};
pub use times::DecisionTimes;
