//! Dropout: in training, a layer receives no events from a random fraction of its inputs.
//!
//! Each sample drops different inputs, each with all of its events; [`DroppedInputs`] says which.

use noctule_core::{DroppedInputs, Real, SpikeBatch};

/// The dropout of a layer in a pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PassDropout {
    /// The seed of the pass.
    pub seed: u64,
    /// Index of the layer.
    pub layer: usize,
    /// The index of the first sample in the whole batch.
    pub first_sample: usize,
}

/// The input events that dropout keeps.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeptEvents<T> {
    /// The kept events.
    pub events: SpikeBatch<T>,
    /// The index of each kept event among all input events.
    pub positions: Vec<usize>,
}

impl<T: Real> KeptEvents<T> {
    /// The events of the inputs that are kept when a fraction `share` of them is dropped.
    pub fn new(input: &SpikeBatch<T>, share: f64, of_pass: PassDropout) -> Self {
        let PassDropout {
            seed,
            layer,
            first_sample,
        } = of_pass;
        let mut positions = Vec::with_capacity(input.spikes());
        let mut counts = Vec::with_capacity(input.samples());
        for sample in 0..input.samples() {
            let dropped = DroppedInputs::new(share, seed, layer, first_sample + sample);
            let start = positions.len();
            let is_kept = |&event: &usize| !dropped.contains(input.neurons()[event]);
            positions.extend(input.range(sample).filter(is_kept));
            counts.push(positions.len() - start);
        }
        let mut events = SpikeBatch::new(input.population());
        events.write_sorted_samples(input.population(), counts, |samples| {
            let mut rest = positions.as_slice();
            for (times, neurons) in samples {
                let (own, others) = rest.split_at(times.len());
                rest = others;
                for ((time, neuron), &event) in times.iter_mut().zip(neurons).zip(own) {
                    (*time, *neuron) = (input.times()[event], input.neurons()[event]);
                }
            }
        });
        let residuals = input.residuals();
        if !residuals.is_empty() {
            events.set_residuals(positions.iter().map(|&event| residuals[event]).collect());
        }
        Self { events, positions }
    }

    /// The errors of all `events` input events: those of the kept events, and 0 for the others.
    pub fn spread(&self, d_kept: &[T], events: usize) -> Vec<T> {
        let mut d_events = vec![T::zero(); events];
        for (&position, &d_kept) in self.positions.iter().zip(d_kept) {
            d_events[position] = d_kept;
        }
        d_events
    }
}
