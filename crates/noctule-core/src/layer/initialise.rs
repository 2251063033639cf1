//! How weights begin.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use thiserror::Error;

use super::Weights;
use crate::Real;

/// The distribution that initial weights are drawn from, one by one.
///
/// ```
/// use noctule_core::{Initialiser, Weights};
/// use rand::SeedableRng;
/// use rand_chacha::ChaCha8Rng;
///
/// let mut weights = Weights::<f32>::zeros(10, 5);
/// let uniform = Initialiser::uniform(-1.0, 1.0)?;
/// uniform.fill(&mut weights, &mut ChaCha8Rng::seed_from_u64(1));
/// assert!(weights.to_rows().iter().all(|weight| weight.abs() <= 1.0));
/// # Ok::<(), noctule_core::InitialiserError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Initialiser {
    distribution: Distribution,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Distribution {
    Uniform { low: f64, high: f64 },
    Normal { mean: f64, std: f64 },
}

/// A distribution that cannot be.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum InitialiserError {
    /// The bounds of a uniform distribution are not finite or not in order.
    #[error("uniform weights need finite bounds with low < high, not {low} and {high}")]
    Bounds {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// The mean or the standard deviation is not finite, or the latter negative.
    #[error(
        "normal weights need a finite mean and a standard deviation of 0 or more, not {mean} and {std}"
    )]
    Moments {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        std: f64,
    },
}

impl Initialiser {
    /// Uniform between `low` and `high`.
    ///
    /// # Errors
    /// If the bounds are not finite or not in order.
    pub fn uniform(low: f64, high: f64) -> Result<Self, InitialiserError> {
        if low.is_finite() && high.is_finite() && low < high {
            let distribution = Distribution::Uniform { low, high };
            Ok(Self { distribution })
        } else {
            Err(InitialiserError::Bounds { low, high })
        }
    }

    /// Normal with the given mean and standard deviation.
    ///
    /// # Errors
    /// If the mean is not finite or the standard deviation negative or not finite.
    pub fn normal(mean: f64, std: f64) -> Result<Self, InitialiserError> {
        if mean.is_finite() && std.is_finite() && std >= 0.0 {
            let distribution = Distribution::Normal { mean, std };
            Ok(Self { distribution })
        } else {
            Err(InitialiserError::Moments { mean, std })
        }
    }

    /// Draws all weights, in the order `[output][input]`.
    pub fn fill<T: Real>(&self, weights: &mut Weights<T>, rng: &mut impl Rng) {
        for output in 0..weights.outputs() {
            for input in 0..weights.inputs() {
                weights.set(output, input, T::of(self.draw(rng)));
            }
        }
    }

    fn draw(&self, rng: &mut impl Rng) -> f64 {
        match self.distribution {
            Distribution::Uniform { low, high } => rng.random_range(low..high),
            Distribution::Normal { mean, std } => mean + std * rng.sample::<f64, _>(StandardNormal),
        }
    }
}
