//! [`StepEvent`]: a spike in a simulation in steps.

use noctule_core::{Real, SpikeBatch, SpikeError, Spikes};

/// The part of a step by which rounding may put a time before the start of its step.
const TOLERANCE: f64 = 1e-6;

/// A spike within a step, ordered by step and neuron.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct StepEvent {
    /// The step, counted from 0.
    pub step: u32,
    /// The neuron that spikes.
    pub neuron: u32,
}

/// The number of whole steps of `step` seconds within `time` seconds.
pub(super) fn whole_steps(time: f64, step: f64) -> f64 {
    (time / step + TOLERANCE).floor()
}

/// The steps in which the spikes of a sample lie, up to the step `end`.
pub(super) fn binned<T: Real>(spikes: Spikes<'_, T>, step: f64, end: u32) -> Vec<StepEvent> {
    let events = spikes.times.iter().zip(spikes.neurons);
    events
        .map(|(&time, &neuron)| (whole_steps(Real::to_f64(time), step), neuron))
        .take_while(|&(index, _)| index < f64::from(end))
        .map(|(index, neuron)| StepEvent {
            step: index as u32,
            neuron,
        })
        .collect()
}

/// Samples of events as spikes at the ends of their steps of `step` seconds.
pub(super) fn at_ends_of_steps<'a, T: Real>(
    samples: impl Iterator<Item = &'a Vec<StepEvent>>,
    population: usize,
    step: f64,
) -> Result<SpikeBatch<T>, SpikeError> {
    let mut batch = SpikeBatch::new(population);
    for events in samples {
        let spikes = events.iter().map(|event| {
            let time = (f64::from(event.step) + 1.0) * step;
            (T::of(time), event.neuron)
        });
        batch.push_sample(spikes)?;
    }
    Ok(batch)
}
