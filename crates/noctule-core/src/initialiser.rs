//! [`Initialiser`]: the distribution of initial weights.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use thiserror::Error;

use crate::real::Real;
use crate::tensor::Tensor;

/// A distribution from which initial weights are drawn independently.
///
/// ```
/// use noctule_core::{Initialiser, Tensor};
/// use rand::SeedableRng;
/// use rand_chacha::ChaCha8Rng;
///
/// let uniform = Initialiser::uniform(-1.0, 1.0)?;
/// let weights: Tensor<f32> = uniform.draw(&[10, 5], &mut ChaCha8Rng::seed_from_u64(1));
/// assert!(weights.as_slice().iter().all(|weight| weight.abs() <= 1.0));
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

/// Why a distribution was refused.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum InitialiserError {
    /// A bound of a uniform distribution is not finite, or the lower one is not below the upper one.
    #[error("uniform weights need finite bounds with low < high, not {low} and {high}")]
    Bounds {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// Mean or standard deviation of a normal distribution is not finite, or the standard deviation is negative.
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
    /// If a bound is not finite, or `low` is not below `high`.
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
    /// If `mean` or `std` is not finite, or `std` is negative.
    pub fn normal(mean: f64, std: f64) -> Result<Self, InitialiserError> {
        if mean.is_finite() && std.is_finite() && std >= 0.0 {
            let distribution = Distribution::Normal { mean, std };
            Ok(Self { distribution })
        } else {
            Err(InitialiserError::Moments { mean, std })
        }
    }

    /// A tensor of shape `shape`, with values drawn in row-major order.
    pub fn draw<T: Real>(&self, shape: &[usize], rng: &mut impl Rng) -> Tensor<T> {
        let mut tensor = Tensor::zeros(shape);
        for value in tensor.as_mut_slice() {
            *value = T::of(self.draw_one(rng));
        }
        tensor
    }

    fn draw_one(&self, rng: &mut impl Rng) -> f64 {
        match self.distribution {
            Distribution::Uniform { low, high } => rng.random_range(low..high),
            Distribution::Normal { mean, std } => mean + std * rng.sample::<f64, _>(StandardNormal),
        }
    }
}
