//! The study `spikes`: networks of neurons that spike many times against networks that spike once.
//!
//! Both sides of a pair have the same layers and the same data. The settings of each side are found by the same number
//! of short trainings, judged on validation samples alone; then each side is trained with several seeds. Measured are
//! convergence, accuracy, spikes, the time within a sample at which the network decides, dead neurons against the scale
//! of the initial weights, and robustness to noise.

mod convergence;
mod dead;
mod document;
mod measure;
mod noise;
mod outcome;
mod plan;
mod search;
mod verdicts;
mod work;

pub use outcome::{DeadOutcome, NoiseKind, NoiseOutcome, SideOutcome, SpikesOutcomes};
pub use plan::{Pair, Side, SideName, SpikesPlan};

use crate::study::{StudyContext, StudyDocument, StudyError, UnitLog};

/// Measures, or goes on measuring; `None` if the study was stopped.
///
/// # Errors
/// If data cannot be loaded, a training fails, or a file cannot be read or written.
pub fn run(
    context: &StudyContext<'_>,
    plan: &SpikesPlan,
) -> Result<Option<StudyDocument>, StudyError> {
    let log = UnitLog::open(context.directory.join("units.jsonl"))?;
    let Some(outcomes) = measure::measure(context, plan, &log)? else {
        return Ok(None);
    };
    let mut document = document::document(plan, &outcomes);
    document.provenance.seconds = outcomes.seconds;
    Ok(Some(document))
}
