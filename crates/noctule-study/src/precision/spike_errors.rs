//! [`SpikeErrors`]: how the spikes of a population differ from those of a reference.

use noctule_core::{Real, SpikeBatch};
use serde::{Deserialize, Serialize};

use super::matching::Matching;

/// The accuracy that analog hardware asks for, in seconds.
pub const TARGET: f64 = 1e-6;

/// How the spikes of a population differ from those of a reference. Times are in seconds; those of pairs are
/// statistics of the absolute difference, and 0 if there is no pair.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct SpikeErrors {
    /// Spikes of the reference.
    pub spikes: u64,
    /// Spikes of the reference without a partner.
    pub missed: u64,
    /// Measured spikes without a partner.
    pub extra: u64,
    /// The mean of measured minus reference time.
    pub bias: f64,
    /// The mean distance.
    pub mean: f64,
    /// The median distance.
    pub median: f64,
    /// The distance that 99 % of the pairs do not exceed.
    pub high: f64,
    /// The largest distance.
    pub largest: f64,
    /// The share of the reference's spikes that have a partner within 1 us.
    pub within: f64,
}

/// Differences of pairs of spikes, as they are collected.
#[derive(Clone, Debug, Default)]
pub struct SpikeDifferences {
    differences: Vec<f64>,
    missed: u64,
    extra: u64,
}

impl SpikeDifferences {
    /// Adds all neurons of all samples.
    pub fn add<T: Real>(&mut self, reference: &SpikeBatch<f64>, measured: &SpikeBatch<T>) {
        for sample in 0..reference.samples() {
            let reference = trains(reference, sample);
            let measured = trains(measured, sample);
            for (reference, measured) in reference.iter().zip(&measured) {
                let matching = Matching::of(reference, measured);
                self.differences.extend(matching.errors);
                self.missed += matching.missed;
                self.extra += matching.extra;
            }
        }
    }

    /// Adds what another collection has.
    pub fn merge(&mut self, other: &Self) {
        self.differences.extend(&other.differences);
        self.missed += other.missed;
        self.extra += other.extra;
    }

    /// The statistics.
    pub fn statistics(&self) -> SpikeErrors {
        let pairs = self.differences.len();
        let spikes = pairs as u64 + self.missed;
        let mut sizes: Vec<f64> = self.differences.iter().map(|error| error.abs()).collect();
        sizes.sort_unstable_by(f64::total_cmp);
        let within = sizes.partition_point(|&size| size <= TARGET);
        SpikeErrors {
            spikes,
            missed: self.missed,
            extra: self.extra,
            bias: self.differences.iter().sum::<f64>() / pairs.max(1) as f64,
            mean: sizes.iter().sum::<f64>() / pairs.max(1) as f64,
            median: quantile(&sizes, 0.5),
            high: quantile(&sizes, 0.99),
            largest: quantile(&sizes, 1.0),
            within: within as f64 / spikes.max(1) as f64,
        }
    }
}

/// The smallest of the ascending `sorted` values that a share of at least `share` of them does not exceed; 0 if there is none.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    let value = sorted.get(rank.saturating_sub(1));
    value.copied().unwrap_or_default()
}

/// The spike times of each neuron in one sample, in seconds.
fn trains<T: Real>(spikes: &SpikeBatch<T>, sample: usize) -> Vec<Vec<f64>> {
    let mut trains = vec![Vec::new(); spikes.population()];
    for spike in spikes.range(sample) {
        trains[spikes.neurons()[spike] as usize].push(spikes.precise_time(spike));
    }
    trains
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(spikes: &[(f64, u32)]) -> SpikeBatch<f64> {
        let mut batch = SpikeBatch::new(3);
        batch.push_sample(spikes.iter().copied()).unwrap();
        batch
    }

    #[test]
    fn errors_are_counted_neuron_by_neuron() {
        let reference = batch(&[(0.010, 0), (0.010, 1), (0.020, 0), (0.030, 2)]);
        let measured = batch(&[
            (0.010, 2),
            (0.0100005, 1),
            (0.012, 0),
            (0.022, 0),
            (0.031, 2),
        ]);
        let mut differences = SpikeDifferences::default();
        differences.add(&reference, &measured);
        let errors = differences.statistics();
        assert_eq!((errors.spikes, errors.missed, errors.extra), (4, 0, 1));
        assert!((errors.largest - 0.002).abs() < 1e-12);
        assert!((errors.median - 0.001).abs() < 1e-12);
        assert_eq!(errors.within, 0.25);
    }

    #[test]
    fn quantiles_are_values_of_the_list() {
        let sorted = [1.0, 2.0, 3.0, 4.0];
        let quantiles = [0.0, 0.5, 0.51, 0.99, 1.0].map(|share| quantile(&sorted, share));
        assert_eq!(quantiles, [1.0, 2.0, 3.0, 4.0, 4.0]);
        assert_eq!(quantile(&[], 0.5), 0.0);
    }
}
