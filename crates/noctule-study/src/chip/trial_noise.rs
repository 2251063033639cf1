//! [`TrialNoise`]: what differs from trial to trial.

use noctule_core::{SpikeBatch, SpikeError, Tensors};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Random changes of spikes and weights, drawn anew in each trial. The default is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TrialNoise {
    /// Standard deviation of what is added to a spike time, in seconds. No spike moves before 0.
    pub jitter: f64,
    /// The probability that a spike is lost.
    pub deletion: f64,
    /// Relative standard deviation of weights.
    pub weights: f64,
}

/// What trials are for; training and tests share no random numbers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// Batches of training.
    Training,
    /// Batches of test samples.
    Test,
}

/// The seed of trial number `number`, for a study with this seed.
pub(super) fn trial(purpose: Purpose, seed: u64, number: u64) -> u64 {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(purpose as u64);
    random.set_word_pos(2 * u128::from(number));
    random.random()
}

impl TrialNoise {
    /// Whether nothing is changed.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether spikes are changed.
    pub fn changes_spikes(&self) -> bool {
        self.jitter != 0.0 || self.deletion != 0.0
    }

    /// The weights of one trial.
    pub fn apply_to_weights(
        &self,
        weights: &Tensors<f32>,
        random: &mut ChaCha8Rng,
    ) -> Tensors<f32> {
        let mut noisy = weights.clone();
        for weight in noisy.values_mut().flat_map(|tensor| tensor.as_mut_slice()) {
            let normal: f32 = StandardNormal.sample(random);
            *weight *= 1.0 + self.weights as f32 * normal;
        }
        noisy
    }

    /// The spikes of one trial.
    ///
    /// # Errors
    /// If a spike time becomes infinite.
    pub fn apply(
        &self,
        spikes: &SpikeBatch<f32>,
        random: &mut ChaCha8Rng,
    ) -> Result<SpikeBatch<f32>, SpikeError> {
        let mut noisy = SpikeBatch::new(spikes.population());
        for sample in 0..spikes.samples() {
            let spikes = spikes.sample(sample);
            let mut changed = Vec::with_capacity(spikes.len());
            for (&time, &neuron) in spikes.times.iter().zip(spikes.neurons) {
                if self.deletion > 0.0 && random.random::<f64>() < self.deletion {
                    continue;
                }
                let mut moved = f64::from(time);
                if self.jitter > 0.0 {
                    let normal: f64 = StandardNormal.sample(random);
                    moved = (moved + self.jitter * normal).max(0.0);
                }
                changed.push((moved as f32, neuron));
            }
            changed.sort_by(|first, second| first.0.total_cmp(&second.0));
            noisy.push_sample(changed)?;
        }
        Ok(noisy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regular(spikes: usize) -> SpikeBatch<f32> {
        let mut batch = SpikeBatch::new(2);
        let times = (0..spikes).map(|index| (1.0 + 0.001 * index as f32, index as u32 % 2));
        batch.push_sample(times).unwrap();
        batch.push_sample([]).unwrap();
        batch
    }

    #[test]
    fn jitter_has_the_deviation_that_was_asked_for() {
        let noise = TrialNoise {
            jitter: 1e-4,
            ..TrialNoise::default()
        };
        let spikes = regular(4000);
        let noisy = noise
            .apply(&spikes, &mut ChaCha8Rng::seed_from_u64(1))
            .unwrap();
        assert_eq!(noisy.spikes(), spikes.spikes());
        let differences = noisy.times().iter().zip(spikes.times());
        let squares: f64 = differences.map(|(a, b)| f64::from(a - b).powi(2)).sum();
        let deviation = (squares / spikes.spikes() as f64).sqrt();
        assert!((0.9e-4..1.1e-4).contains(&deviation), "{deviation}");
    }

    #[test]
    fn spikes_are_lost_as_often_as_was_asked_for() {
        let noise = TrialNoise {
            deletion: 0.25,
            ..TrialNoise::default()
        };
        let spikes = regular(4000);
        let noisy = noise
            .apply(&spikes, &mut ChaCha8Rng::seed_from_u64(1))
            .unwrap();
        let kept = noisy.spikes() as f64 / spikes.spikes() as f64;
        assert!((0.72..0.78).contains(&kept), "{kept}");
        assert_eq!(noisy.samples(), 2);
        assert!(
            noisy
                .times()
                .iter()
                .all(|time| spikes.times().contains(time))
        );
    }

    #[test]
    fn trials_have_seeds_of_their_own() {
        let mut seeds = std::collections::BTreeSet::new();
        for purpose in [Purpose::Training, Purpose::Test] {
            for seed in 0..3 {
                seeds.extend((0..50).map(|number| trial(purpose, seed, number)));
            }
        }
        assert_eq!(seeds.len(), 300);
    }

    #[test]
    fn no_spike_comes_before_the_beginning() {
        let mut spikes = SpikeBatch::new(1);
        spikes.push_sample([(0.0, 0), (0.01, 0)]).unwrap();
        let noise = TrialNoise {
            jitter: 10.0,
            ..TrialNoise::default()
        };
        for seed in 0..20 {
            let noisy = noise
                .apply(&spikes, &mut ChaCha8Rng::seed_from_u64(seed))
                .unwrap();
            assert!(noisy.times().iter().all(|&time| time >= 0.0));
        }
    }
}
