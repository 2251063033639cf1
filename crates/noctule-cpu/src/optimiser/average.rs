//! [`WeightAverage`]: an exponential running mean of the weights.
//!
//! Steps on small batches add noise to the weights. Their running mean has less noise, and often classifies better
//! (Polyak averaging). It does not influence training.

use noctule_core::{Real, average_blend, shard};
use rayon::prelude::*;

use crate::weights::blocked::BlockedWeights;

/// Weights per parallel task, as in an optimiser step.
const CHUNK: usize = 16_384;

/// The running mean of the weights of all layers that have weights.
#[derive(Clone, Debug)]
pub(crate) struct WeightAverage<T> {
    keep: f64,
    pub weights: Vec<Option<BlockedWeights<T>>>,
}

impl<T: Real> WeightAverage<T> {
    /// A mean that starts at these weights, and of which each step keeps the fraction `keep`.
    pub fn new(keep: f64, weights: &[Option<BlockedWeights<T>>]) -> Self {
        Self {
            keep,
            weights: weights.to_vec(),
        }
    }

    /// Updates a rank's [`shard`] of the mean after step number `steps`.
    pub fn update(
        &mut self,
        trained: &[Option<BlockedWeights<T>>],
        steps: u64,
        (rank, ranks): (usize, usize),
    ) {
        let blend = T::of(average_blend(self.keep, steps));
        let means = self.weights.iter_mut().flatten();
        for (mean, trained) in means.zip(trained.iter().flatten()) {
            let own = shard(trained.as_slice().len(), rank, ranks);
            let means = mean.as_mut_slice()[own.clone()].par_chunks_mut(CHUNK);
            let trained = trained.as_slice()[own].par_chunks(CHUNK);
            means.zip(trained).for_each(|(means, trained)| {
                for (mean, &trained) in means.iter_mut().zip(trained) {
                    *mean += blend * (trained - *mean);
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(weight: f32) -> Vec<Option<BlockedWeights<f32>>> {
        vec![None, Some(BlockedWeights::from_rows(1, &[weight]))]
    }

    fn mean(average: &WeightAverage<f32>) -> f32 {
        average.weights[1]
            .as_ref()
            .map_or(f32::NAN, |weights| weights.get(0, 0))
    }

    #[test]
    fn keeps_the_fraction_that_it_is_given() {
        let mut average = WeightAverage::new(0.9, &weights(1.0));
        average.update(&weights(2.0), 1_000_000, (0, 1));
        assert!((mean(&average) - 1.1).abs() < 1e-6);
        average.update(&weights(2.0), 1_000_001, (0, 1));
        assert!((mean(&average) - 1.19).abs() < 1e-6);
    }

    #[test]
    fn forgets_the_beginning() {
        let mut average = WeightAverage::new(0.999, &weights(1.0));
        for step in 1..=100 {
            average.update(&weights(2.0), step, (0, 1));
        }
        assert!((mean(&average) - 2.0).abs() < 1e-6, "{}", mean(&average));
    }
}
