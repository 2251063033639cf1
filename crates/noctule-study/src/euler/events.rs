//! [`StepEvent`]: a spike in a simulation in steps.

use noctule_core::{Real, SpikeBatch, SpikeError, Spikes};

/// The part of a step by which rounding may put a time before the boundary on which it lies.
const TOLERANCE: f64 = 1e-6;

/// A spike on the boundary between two steps, ordered by boundary and neuron.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct StepEvent {
    /// The step that begins at the spike's time, counted from 0.
    pub step: u32,
    /// The neuron that spikes.
    pub neuron: u32,
}

/// The number of whole steps of `step` seconds within `time` seconds.
pub(super) fn whole_steps(time: f64, step: f64) -> f64 {
    (time / step + TOLERANCE).floor()
}

/// The spikes of a sample, each at the boundary that is nearest, as far as a step before the step `end` begins there.
pub(super) fn rounded<T: Real>(spikes: Spikes<'_, T>, step: f64, end: u32) -> Vec<StepEvent> {
    let events = spikes.times.iter().zip(spikes.neurons);
    events
        .map(|(&time, &neuron)| ((Real::to_f64(time) / step).round(), neuron))
        .take_while(|&(index, _)| index < f64::from(end))
        .map(|(index, neuron)| StepEvent {
            step: index as u32,
            neuron,
        })
        .collect()
}

/// Samples of events as spikes at their times, with steps of `step` seconds.
pub(super) fn timed<'a, T: Real>(
    samples: impl Iterator<Item = &'a Vec<StepEvent>>,
    population: usize,
    step: f64,
) -> Result<SpikeBatch<T>, SpikeError> {
    let mut batch = SpikeBatch::new(population);
    for events in samples {
        let spikes = events
            .iter()
            .map(|event| (T::of(f64::from(event.step) * step), event.neuron));
        batch.push_sample(spikes)?;
    }
    Ok(batch)
}
