//! A running mean of the weights.
//!
//! Steps on small batches scatter the weights around where they go. Their running mean scatters less, and often makes
//! fewer mistakes (Polyak averaging). Training never sees it: validation, test and the picture do.

use noctule_core::{Network, Weights};
use rayon::prelude::*;

use crate::collective::{Collective, share};

/// Numbers per parallel task, as for an optimiser.
const CHUNK: usize = 16_384;

/// The network with the running mean of the weights.
pub(super) struct WeightAverage {
    keep: f64,
    pub network: Network<f32>,
}

impl WeightAverage {
    /// Begins at the weights of `network`; `keep` of the mean is kept at each step.
    pub fn new(keep: f64, network: &Network<f32>) -> Self {
        Self {
            keep,
            network: network.clone(),
        }
    }

    /// Takes in a rank's share of the weights of `trained` after `steps` steps in all. Early on less is kept, so that the
    /// mean soon forgets where the weights began: of `n` steps, it is mostly over the last tenth.
    pub fn follow(&mut self, trained: &Network<f32>, steps: u64, collective: &dyn Collective) {
        let (rank, ranks) = (collective.rank(), collective.size());
        let steps = steps as f64;
        let blend = (1.0 - self.keep.min((steps + 1.0) / (steps + 10.0))) as f32;
        for (mean, trained) in self.network.weights_mut().zip(trained.weights()) {
            let own = share(trained.as_flat().len(), rank, ranks);
            let means = mean.as_flat_mut()[own.clone()].par_chunks_mut(CHUNK);
            let trained = trained.as_flat()[own].par_chunks(CHUNK);
            means.zip(trained).for_each(|(means, trained)| {
                for (mean, trained) in means.iter_mut().zip(trained) {
                    *mean += blend * (trained - *mean);
                }
            });
        }
    }

    /// Puts the mean at these weights.
    pub fn set(&mut self, weights: Vec<Weights<f32>>) {
        for (mean, weights) in self.network.weights_mut().zip(weights) {
            *mean = weights;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collective::Solo;
    use noctule_core::{Dense, Lif, LifParameters};

    fn network(weight: f32) -> Network<f32> {
        let neuron = Lif::new(&LifParameters {
            tau_m: 0.02,
            tau_s: 0.01,
            theta: 1.0,
            reset: 1.0,
            max_spikes: 1,
            t_max: 0.1,
        });
        let weights = Weights::from_rows(1, 1, &[weight]).unwrap();
        let layer = Dense::new(neuron.unwrap(), weights).unwrap();
        Network::new(1).unwrap().layer(layer).unwrap()
    }

    fn mean(average: &WeightAverage) -> f32 {
        average.network.weights().next().unwrap().get(0, 0)
    }

    #[test]
    fn keeps_what_it_was_told_to_keep() {
        let mut average = WeightAverage::new(0.9, &network(1.0));
        average.follow(&network(2.0), 1_000_000, &Solo);
        assert!((mean(&average) - 1.1).abs() < 1e-6);
        average.follow(&network(2.0), 1_000_001, &Solo);
        assert!((mean(&average) - 1.19).abs() < 1e-6);
    }

    #[test]
    fn forgets_the_beginning() {
        let mut average = WeightAverage::new(0.999, &network(1.0));
        for step in 1..=100 {
            average.follow(&network(2.0), step, &Solo);
        }
        assert!((mean(&average) - 2.0).abs() < 1e-6, "{}", mean(&average));
    }
}
