//! Dropout: in training, a layer does not see a random share of its inputs.
//!
//! Each sample loses other inputs, each with all its spikes. Evaluation sees all of them, and makes up for it by a
//! threshold (and reset) that is higher by `1/(1 - share)`, which is the same as weights that are smaller by `1 - share`.
//! Which inputs are lost follows from a seed, the sample and the input alone.

use thiserror::Error;

use crate::{Lif, LifParameters, NeuronError, Real, SpikeBatch};

/// A share of inputs that cannot be dropped.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum DropoutError {
    /// The share is not a number from 0 to below 1.
    #[error("dropout = {share}: must be at least 0 and less than 1")]
    Share {
        /// The share that was given.
        share: f64,
    },
    /// The threshold of evaluation cannot be held by the precision.
    #[error("dropout = {share}: {source}")]
    Neuron {
        /// The share that was given.
        share: f64,
        /// What is wrong with the neuron of evaluation.
        source: NeuronError,
    },
}

/// The dropout of one layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Dropout<T> {
    share: f64,
    /// The neuron as it evaluates.
    pub evaluating: Lif<T>,
}

/// The input events that a layer saw.
#[derive(Clone, Debug)]
pub(super) struct Thinned<T> {
    pub events: SpikeBatch<T>,
    /// Where each of them stands among all input events.
    pub places: Vec<usize>,
}

impl<T: Real> Dropout<T> {
    pub fn new(share: f64, neuron: &Lif<T>) -> Result<Self, DropoutError> {
        if !(0.0..1.0).contains(&share) {
            return Err(DropoutError::Share { share });
        }
        let parameters = neuron.parameters();
        let evaluating = Lif::new(&LifParameters {
            theta: parameters.theta / (1.0 - share),
            reset: parameters.reset / (1.0 - share),
            ..*parameters
        });
        let evaluating = evaluating.map_err(|source| DropoutError::Neuron { share, source })?;
        Ok(Self { share, evaluating })
    }

    pub fn share(&self) -> f64 {
        self.share
    }

    /// The events of the inputs that are not dropped.
    pub fn thin(&self, input: &SpikeBatch<T>, seed: u64) -> Thinned<T> {
        let below = (self.share * 2.0_f64.powi(64)) as u64;
        let mut places = Vec::with_capacity(input.spikes());
        let mut samples = Vec::with_capacity(input.samples());
        for sample in 0..input.samples() {
            let seed = scramble(seed ^ scramble(sample as u64));
            let range = input.range(sample);
            let start = places.len();
            places.extend(
                range.filter(|&event| scramble(seed ^ u64::from(input.neurons()[event])) >= below),
            );
            let kept = places[start..].iter();
            samples.push(
                kept.map(|&event| (input.times()[event], input.neurons()[event]))
                    .collect(),
            );
        }
        Thinned {
            events: SpikeBatch::from_sorted(input.population(), &samples),
            places,
        }
    }
}

impl<T: Real> Thinned<T> {
    /// Errors of the events that were seen, among all input events; those of the others are 0.
    pub fn spread(&self, d_seen: &[T], events: usize) -> Vec<T> {
        let mut d_events = vec![T::zero(); events];
        for (&place, &d_seen) in self.places.iter().zip(d_seen) {
            d_events[place] = d_seen;
        }
        d_events
    }
}

/// The finaliser of SplitMix64: every bit of the input changes half of the bits of the output.
pub(super) fn scramble(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
