//! The study `robustness`: what imprecise analog chips cost, and which way of training for them costs least.
//!
//! A network is trained exactly, and put on chips whose weights have few bits and whose neurons and synapses differ; see
//! [`chip`](crate::chip). Its weights are transferred, or trained further for each chip: under the chip's model, or with
//! the chip in the loop. Test samples choose nothing.

mod document;
mod measure;
mod outcome;
mod plan;
mod point;

use measure::Measurement;
pub use outcome::{ChipOutcome, Way};
pub use plan::{RobustnessPlan, Task};
pub use point::Point;

use crate::study::{StudyContext, StudyDocument, StudyError, UnitLog};

/// Measures, or goes on measuring; `None` if the study was stopped.
///
/// # Errors
/// If data cannot be loaded, a training fails, or a file cannot be read or written.
pub fn run(
    context: &StudyContext<'_>,
    plan: &RobustnessPlan,
) -> Result<Option<StudyDocument>, StudyError> {
    let log = UnitLog::open(context.directory.join("units.jsonl"))?;
    let mut measurement = Measurement::new(context, plan, &log);
    let Some(outcomes) = measurement.run()? else {
        return Ok(None);
    };
    let mut document = document::document(plan, &outcomes);
    document.provenance.seconds = measurement.seconds();
    Ok(Some(document))
}
