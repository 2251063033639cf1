//! [`GradientErrors`]: how gradients differ from those of a reference.

use noctule_core::{Real, Tensors};
use serde::{Deserialize, Serialize};

use super::spike_errors::quantile;

/// How gradients differ from those of a reference.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct GradientErrors {
    /// Pairs of gradients in which neither is 0.
    pub pairs: u64,
    /// Pairs in which only one of them is 0.
    pub one_zero: u64,
    /// The mean angle between two of a pair, in degrees.
    pub angle: f64,
    /// The standard error of the mean angle, in degrees.
    pub angle_error: f64,
    /// The median angle, in degrees.
    pub angle_median: f64,
    /// The median of the ratio of the norms, measured to reference.
    pub ratio: f64,
    /// The ratio that 10 % of the pairs do not exceed.
    pub ratio_low: f64,
    /// The ratio that 90 % of the pairs do not exceed.
    pub ratio_high: f64,
}

/// Pairs of gradients, as they are collected.
#[derive(Clone, Debug, Default)]
pub struct GradientPairs {
    angles: Vec<f64>,
    ratios: Vec<f64>,
    one_zero: u64,
}

impl GradientPairs {
    /// Adds a pair; both lists have the same length.
    pub fn add(&mut self, reference: &[f64], measured: &[f64]) {
        let norms = [norm(reference), norm(measured)];
        if norms.contains(&0.0) || !norms.iter().all(|norm| norm.is_finite()) {
            self.one_zero += u64::from(norms[0] != norms[1]);
            return;
        }
        // From the difference of the directions, which unlike the cosine resolves small angles.
        let pairs = reference.iter().zip(measured);
        let distance = pairs.map(|(a, b)| (a / norms[0] - b / norms[1]).powi(2));
        let half = (distance.sum::<f64>().sqrt() / 2.0).min(1.0);
        self.angles.push(2.0 * half.asin().to_degrees());
        self.ratios.push(norms[1] / norms[0]);
    }

    /// The statistics.
    pub fn statistics(&self) -> GradientErrors {
        let count = self.angles.len();
        let angle = self.angles.iter().sum::<f64>() / count.max(1) as f64;
        let squares = self.angles.iter().map(|value| (value - angle).powi(2));
        let variance = squares.sum::<f64>() / count.saturating_sub(1).max(1) as f64;
        let (angles, ratios) = (sorted(&self.angles), sorted(&self.ratios));
        GradientErrors {
            pairs: count as u64,
            one_zero: self.one_zero,
            angle,
            angle_error: (variance / count.max(1) as f64).sqrt(),
            angle_median: quantile(&angles, 0.5),
            ratio: quantile(&ratios, 0.5),
            ratio_low: quantile(&ratios, 0.1),
            ratio_high: quantile(&ratios, 0.9),
        }
    }
}

/// All values of a gradient, layer by layer.
pub fn flattened<T: Real>(gradient: &Tensors<T>) -> Vec<f64> {
    let values = gradient.values().flat_map(|tensor| tensor.as_slice());
    values.map(|&value| Real::to_f64(value)).collect()
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_and_ratios_are_those_of_the_plane() {
        let mut pairs = GradientPairs::default();
        pairs.add(&[1.0, 0.0], &[0.0, 2.0]);
        pairs.add(&[1.0, 0.0], &[3.0, 3e-7]);
        pairs.add(&[1.0, 0.0], &[0.0, 0.0]);
        pairs.add(&[0.0, 0.0], &[0.0, 0.0]);
        let errors = pairs.statistics();
        assert_eq!((errors.pairs, errors.one_zero), (2, 1));
        assert!((errors.angle - 45.0).abs() < 1e-5);
        assert!((errors.angle_median - 1e-7_f64.to_degrees()).abs() < 1e-12);
        assert!((errors.ratio_high - 3.0).abs() < 1e-9 && (errors.ratio - 2.0).abs() < 1e-9);
    }
}
