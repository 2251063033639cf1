//! [`Initialiser`]: the distribution of initial weights.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use thiserror::Error;

use crate::drive::InputDrive;
use crate::number_text::number_text;
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
    /// A bound of a uniform distribution or their distance is not finite, or the lower one is not below the upper one.
    #[error(
        "uniform weights need finite bounds with low < high, a finite distance apart, not {} and {}",
        number_text(*low),
        number_text(*high)
    )]
    Bounds {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// Mean or standard deviation of a normal distribution is not finite, or the standard deviation is negative.
    #[error(
        "normal weights need a finite mean and a standard deviation of 0 or more, not {} and {}",
        number_text(*mean),
        number_text(*std)
    )]
    Moments {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        std: f64,
    },
    /// The inputs never raise a potential.
    #[error(
        "the inputs do not drive the neuron at all (sum {}, norm {}), so no weight brings it to its threshold",
        drive.sum,
        drive.norm
    )]
    NoDrive {
        /// The drive.
        drive: InputDrive,
    },
}

impl Initialiser {
    /// Uniform between `low` and `high`.
    ///
    /// # Errors
    /// If a bound, or their distance, is not finite, or `low` is not below `high`.
    pub fn uniform(low: f64, high: f64) -> Result<Self, InitialiserError> {
        if low < high && (high - low).is_finite() {
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

    /// Normal, in units of the threshold: a neuron with the drive `drive` reaches, at its peak, a potential that has mean
    /// `mean * theta` and standard deviation `std * theta` over neurons.
    ///
    /// The weights have mean `mean * theta/drive.sum` and standard deviation `std * theta/drive.norm`. For `n` inputs that
    /// spike once and together, these are `mean * theta/(n P)` and `std * theta/(sqrt(n) P)`, where `P` is
    /// [`LifParameters::psp_peak`](crate::LifParameters::psp_peak).
    ///
    /// ```
    /// use noctule_core::{Initialiser, InputDrive, LifParameters, Network};
    ///
    /// let neuron = LifParameters {
    ///     tau_m: 0.020, tau_s: 0.010, theta: 1.0, reset: 1.0, max_spikes: 20, t_max: 0.06,
    /// };
    /// let weights = |inputs: f64| {
    ///     let drive = InputDrive::of_simultaneous_spikes(inputs, &neuron);
    ///     Initialiser::threshold(neuron.theta, drive, 0.5, 1.5)
    /// };
    /// let network = Network::<f32>::new(5)?
    ///     .dense(200, &neuron, weights(5.0)?, 1)?
    ///     .dense(3, &neuron, weights(200.0)?, 2)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the drive is not positive, `mean` or `std` is not finite, or `std` is negative.
    pub fn threshold(
        theta: f64,
        drive: InputDrive,
        mean: f64,
        std: f64,
    ) -> Result<Self, InitialiserError> {
        if drive.sum > 0.0 && drive.norm > 0.0 {
            Self::normal(mean * theta / drive.sum, std * theta / drive.norm)
        } else {
            Err(InitialiserError::NoDrive { drive })
        }
    }

    /// Mean and standard deviation of the weights.
    pub fn moments(&self) -> (f64, f64) {
        match self.distribution {
            Distribution::Uniform { low, high } => {
                ((low + high) / 2.0, (high - low) / 12_f64.sqrt())
            }
            Distribution::Normal { mean, std } => (mean, std),
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

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn drawn_weights_have_the_moments() {
        let drive = InputDrive {
            sum: 0.4,
            norm: 0.05,
        };
        let initialisers = [
            (Initialiser::uniform(-1.0, 3.0), (1.0, 4.0 / 12_f64.sqrt())),
            (Initialiser::normal(2.0, 0.5), (2.0, 0.5)),
            (Initialiser::threshold(2.0, drive, 0.5, 1.5), (2.5, 60.0)),
        ];
        for (initialiser, (mean, std)) in initialisers {
            let initialiser = initialiser.unwrap();
            assert_relative_eq!(initialiser.moments().0, mean, max_relative = 1e-12);
            assert_relative_eq!(initialiser.moments().1, std, max_relative = 1e-12);
            let weights: Tensor<f64> =
                initialiser.draw(&[100, 100], &mut ChaCha8Rng::seed_from_u64(3));
            let weights = weights.as_slice();
            let count = weights.len() as f64;
            let found = weights.iter().sum::<f64>() / count;
            let squares = weights.iter().map(|w| (w - found).powi(2)).sum::<f64>();
            assert_relative_eq!(found, mean, epsilon = 0.04 * std);
            assert_relative_eq!((squares / count).sqrt(), std, max_relative = 0.04);
        }
    }

    #[test]
    fn bounds_too_far_apart_are_refused() {
        assert!(Initialiser::uniform(-1e308, 1e308).is_err());
        assert!(Initialiser::uniform(f64::NEG_INFINITY, 0.0).is_err());
    }

    #[test]
    fn a_drive_of_nothing_is_refused() {
        let nothing = InputDrive {
            sum: 0.0,
            norm: 0.0,
        };
        let refused = Initialiser::threshold(1.0, nothing, 0.5, 1.5).unwrap_err();
        assert!(matches!(refused, InitialiserError::NoDrive { .. }));
    }
}
