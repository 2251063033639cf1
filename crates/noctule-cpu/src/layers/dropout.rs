//! Dropout: in training, a layer receives no events from a random fraction of its inputs.
//!
//! Each sample drops different inputs, each with all of its events. Whether an input is dropped depends on the seed,
//! the index of the sample in the whole batch, and the index of the input alone.

use noctule_core::{Real, SpikeBatch};

/// The input events that dropout keeps.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeptEvents<T> {
    /// The kept events.
    pub events: SpikeBatch<T>,
    /// The index of each kept event among all input events.
    pub positions: Vec<usize>,
}

impl<T: Real> KeptEvents<T> {
    /// The events of the inputs that are kept when a fraction `share` of them is dropped. Sample `s` of `input` is
    /// sample `first_sample + s` of the whole batch.
    pub fn new(input: &SpikeBatch<T>, share: f64, seed: u64, first_sample: usize) -> Self {
        let dropped_below = (share * 2.0_f64.powi(64)) as u64;
        let mut positions = Vec::with_capacity(input.spikes());
        let mut counts = Vec::with_capacity(input.samples());
        for sample in 0..input.samples() {
            let seed = scramble(seed ^ scramble((first_sample + sample) as u64));
            let start = positions.len();
            let is_kept = |&event: &usize| {
                scramble(seed ^ u64::from(input.neurons()[event])) >= dropped_below
            };
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

/// The finaliser of SplitMix64: each bit of the input changes about half of the bits of the output.
fn scramble(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
