//! The study of precision: simulation in steps beside the exact engine.
//!
//! Euler's forward method ([`euler`](crate::euler)) with steps from 5 ms down, and the exact engine in single precision,
//! are compared with the exact engine in double precision, which is the reference: spike times, missed and extra spikes,
//! gradients at the spikes that were simulated, classes, and the time that it takes. On random single neurons, and on
//! networks that are trained first.

mod converted;
mod document;
mod gradient_errors;
mod matching;
mod needed_step;
mod network_gradients;
mod network_measurement;
mod on_threads;
mod plan;
mod results;
mod simulation;
mod single_neurons;
mod spike_errors;
mod trained_measurement;
mod units;

use std::sync::Arc;

use noctule_core::Engine;

pub use gradient_errors::GradientErrors;
pub use matching::Matching;
pub use network_gradients::NetworkGradients;
pub use network_measurement::NetworkMeasurement;
pub use plan::{NetworkPlan, NeuronPlan, PrecisionPlan, StepPlan};
pub use results::PrecisionResults;
pub use single_neurons::NeuronMeasurement;
pub use spike_errors::SpikeErrors;
pub use trained_measurement::{NetworkResults, StepResults};

use crate::study::{StudyContext, StudyDocument, StudyError};
use single_neurons::Simulated;
use units::Units;

/// Measures what is not measured yet; `None` if the study was stopped.
///
/// Simulations in steps get the threads of the engine of the same precision. Provenance is left to the caller.
///
/// # Errors
/// If data cannot be loaded, training or an engine fails, or a file cannot be read or written.
pub fn run(
    context: &StudyContext<'_>,
    exact: &Arc<dyn Engine<f64>>,
    plan: &PrecisionPlan,
) -> Result<Option<StudyDocument>, StudyError> {
    let results = measure(context, exact, plan)?;
    Ok(results.map(|results| document::document(&results)))
}

/// Measures what is not measured yet; `None` if the study was stopped.
///
/// # Errors
/// As [`run`].
pub fn measure(
    context: &StudyContext<'_>,
    exact: &Arc<dyn Engine<f64>>,
    plan: &PrecisionPlan,
) -> Result<Option<PrecisionResults>, StudyError> {
    let of_networks = plan.networks.iter().map(trained_measurement::units);
    let total = 1 + plan.neurons.steps.len() + of_networks.sum::<usize>();
    let mut units = Units::open(context, total)?;
    let of_neurons = |simulated| single_neurons::measure(context, exact, &plan.neurons, simulated);
    let part = "single neurons";
    let single = units.unit(part, "exact, f32", || of_neurons(Simulated::Single))?;
    let Some(single_neurons) = single else {
        return Ok(None);
    };
    let mut neurons = Vec::new();
    for &step in &plan.neurons.steps {
        let what = format!("steps of {step:e} s");
        let measured = units.unit(part, &what, || of_neurons(Simulated::InSteps(step)))?;
        let Some(measured) = measured else {
            return Ok(None);
        };
        neurons.push((step, measured));
    }
    let mut networks = Vec::new();
    for network in &plan.networks {
        let Some(results) = trained_measurement::measure(context, &mut units, exact, network)?
        else {
            return Ok(None);
        };
        networks.push(results);
    }
    units.finish();
    Ok(Some(PrecisionResults {
        seconds: units.seconds(),
        threads: [context.engine.info().threads, exact.info().threads],
        single_neurons,
        neurons,
        networks,
    }))
}
