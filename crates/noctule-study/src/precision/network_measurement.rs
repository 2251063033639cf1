//! A simulation of a trained network beside the exact engine in double precision: spikes, classes, time.

use noctule_core::{Batch, Label, Prediction, Real, SpikeBatch};
use serde::{Deserialize, Serialize};

use super::simulation::Simulation;
use super::spike_errors::{SpikeDifferences, SpikeErrors};
use crate::encoded::events;
use crate::study::{StudyContext, StudyError};

/// Shortest total time of the simulations that a time per sample is taken from, in seconds.
const SHORTEST: f64 = 0.5;

/// A simulation beside the exact engine in double precision.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct NetworkMeasurement {
    /// Test samples that were simulated.
    pub samples: u64,
    /// Samples of which it predicts the label.
    pub correct: u64,
    /// Samples of which the reference predicts the label.
    pub reference_correct: u64,
    /// Samples of which it predicts another class than the reference.
    pub changed: u64,
    /// The spikes of all layers.
    pub all: SpikeErrors,
    /// The spikes of each spiking layer.
    pub layers: Vec<SpikeErrors>,
    /// Seconds per sample: the median over groups of samples.
    pub seconds: f64,
}

/// What a simulation is measured on.
pub(super) struct TestSamples<'a> {
    /// The samples with their labels.
    pub batch: &'a Batch<f32>,
    /// How a class is predicted.
    pub prediction: Prediction,
    /// The layers whose spikes are compared: those that spike.
    pub layers: &'a [usize],
    /// How many samples are compared.
    pub count: usize,
    /// How many of them are simulated at once.
    pub together: usize,
}

/// Measures `simulation` on `samples`; `None` if the study is to stop.
pub(super) fn measure<T: Real>(
    context: &StudyContext<'_>,
    samples: &TestSamples<'_>,
    reference: &mut dyn Simulation<f64>,
    simulation: &mut dyn Simulation<T>,
) -> Result<Option<NetworkMeasurement>, StudyError> {
    let count = samples.count.min(samples.batch.len());
    let mut layers = vec![SpikeDifferences::default(); samples.layers.len()];
    let (mut correct, mut reference_correct, mut changed) = (0, 0, 0);
    let mut times = Vec::new();
    let indices: Vec<u32> = (0..count as u32).collect();
    for indices in indices.chunks(samples.together) {
        if context.is_stopped() {
            return Ok(None);
        }
        reference.simulate(&events(samples.batch, indices)?)?;
        let exact = reference.layers()?;
        let seconds = simulation.simulate(&events(samples.batch, indices)?)?;
        times.push(seconds / indices.len() as f64);
        let measured = simulation.layers()?;
        for (differences, &layer) in layers.iter_mut().zip(samples.layers) {
            differences.add(&exact[layer], &measured[layer]);
        }
        let exact = classes(exact.last(), samples.prediction);
        let measured = classes(measured.last(), samples.prediction);
        for ((exact, measured), &sample) in exact.iter().zip(&measured).zip(indices) {
            let label = samples.batch.labels.get(sample as usize).copied();
            reference_correct += u64::from(label.is_some() && *exact == label);
            correct += u64::from(label.is_some() && *measured == label);
            changed += u64::from(exact != measured);
        }
    }
    let first = events(samples.batch, &indices[..count.min(samples.together)])?;
    let Some(seconds) = seconds_per_sample(context, &first, times, simulation)? else {
        return Ok(None);
    };
    let mut all = SpikeDifferences::default();
    layers.iter().for_each(|layer| all.merge(layer));
    Ok(Some(NetworkMeasurement {
        samples: count as u64,
        correct,
        reference_correct,
        changed,
        all: all.statistics(),
        layers: layers.iter().map(SpikeDifferences::statistics).collect(),
        seconds,
    }))
}

/// The predicted class of each sample.
fn classes<T: Real>(output: Option<&SpikeBatch<T>>, rule: Prediction) -> Vec<Option<Label>> {
    let Some(output) = output else {
        return Vec::new();
    };
    let samples = 0..output.samples();
    samples
        .map(|sample| rule.of(output.sample(sample), output.population()))
        .collect()
}

/// The median of the times per sample in `times`; short simulations are repeated first.
pub(super) fn seconds_per_sample<T: Real>(
    context: &StudyContext<'_>,
    input: &SpikeBatch<T>,
    mut times: Vec<f64>,
    simulation: &mut dyn Simulation<T>,
) -> Result<Option<f64>, StudyError> {
    let samples = input.samples() as f64;
    let mut total = times.iter().sum::<f64>() * samples;
    while total < SHORTEST {
        if context.is_stopped() {
            return Ok(None);
        }
        let seconds = simulation.simulate(input)?;
        // A clock that does not resolve it must not make this endless.
        total += seconds.max(SHORTEST / 1_000.0);
        times.push(seconds / samples);
    }
    times.sort_unstable_by(f64::total_cmp);
    Ok(Some(times[times.len() / 2]))
}
