//! [`Substrate`]: how analog hardware changes the weights that it is given.

use thiserror::Error;

use crate::engine::error::EngineError;
use crate::layer::parameter::ParameterKind;
use crate::network::feed_forward::Network;
use crate::real::Real;
use crate::tensor::Tensor;

/// How a substrate changes the weights of a network: coarse levels, and synapses that differ.
///
/// The passes of a session with a substrate use the transformed weights, and its steps change the untransformed ones: the
/// gradient passes *straight through* the rounding and the factors (Bengio et al., 2013): it is that with respect to the
/// transformed weights, so a dead synapse has one, too. The default changes nothing.
///
/// Constants of neurons that differ, such as thresholds, are parameters of the [`Network`] itself; see
/// [`SpikingLayer::with_constants`](crate::SpikingLayer::with_constants).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Substrate {
    /// One entry per layer; layers beyond the end, and pooling layers, are not changed.
    pub layers: Vec<LayerSubstrate>,
}

/// How a substrate changes the weights of one layer: a weight `w` becomes `factor * quantised(w)`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerSubstrate {
    /// The levels that weights are rounded to; `None`: weights are not rounded.
    pub quantisation: Option<Quantisation>,
    /// The factor of each weight, in the shape of the weights: 1 for a perfect synapse, 0 for a dead one. `None`: all
    /// are 1.
    pub factors: Option<Tensor<f32>>,
}

/// Evenly spaced levels of a signed weight.
///
/// ```
/// use noctule_core::Quantisation;
///
/// let three_bits = Quantisation::with_bits(3, 1.5)?; // -1.5, -1, -0.5, 0, 0.5, 1, 1.5
/// assert_eq!(three_bits.levels, 3);
/// assert_eq!(three_bits.round(0.6), 0.5);
/// assert_eq!(three_bits.round(-7.0), -1.5);
/// # Ok::<(), noctule_core::SubstrateError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantisation {
    /// The largest absolute value that a weight can have; larger ones are clipped to it.
    pub full_scale: f64,
    /// The number of levels above 0; there are as many below.
    pub levels: u32,
}

/// A substrate that cannot be.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SubstrateError {
    /// The number of bits is out of range.
    #[error("weights of {bits} bits cannot be represented; use 2 to 24 bits, the sign included")]
    Bits {
        /// The number that was given.
        bits: u32,
    },
    /// There is no level above 0.
    #[error("a weight that is rounded needs at least one level above 0")]
    NoLevels,
    /// The largest weight is not a positive number.
    #[error("the full scale of a weight is {full_scale}; it must be positive and finite")]
    FullScale {
        /// The value that was given.
        full_scale: f64,
    },
}

impl Quantisation {
    /// The levels of a weight of `bits` bits, one of which is the sign: `2^(bits - 1) - 1` on each side of 0.
    ///
    /// # Errors
    /// If `bits` is not from 2 to 24, or `full_scale` is not positive and finite.
    pub fn with_bits(bits: u32, full_scale: f64) -> Result<Self, SubstrateError> {
        if !(2..=24).contains(&bits) {
            return Err(SubstrateError::Bits { bits });
        }
        let quantisation = Self {
            full_scale,
            levels: (1 << (bits - 1)) - 1,
        };
        quantisation.check()?;
        Ok(quantisation)
    }

    /// The step between neighbouring levels.
    pub fn step(&self) -> f64 {
        self.full_scale / f64::from(self.levels)
    }

    /// The level that is nearest to a weight; the even one of two that are equally near.
    #[inline]
    pub fn round(&self, weight: f64) -> f64 {
        let levels = f64::from(self.levels);
        let level = (weight / self.full_scale * levels).clamp(-levels, levels);
        nearest_integer(level) * self.full_scale / levels
    }

    fn check(&self) -> Result<(), SubstrateError> {
        let full_scale = self.full_scale;
        if !(full_scale.is_finite() && full_scale > 0.0) {
            return Err(SubstrateError::FullScale { full_scale });
        }
        match self.levels {
            0 => Err(SubstrateError::NoLevels),
            _ => Ok(()),
        }
    }
}

impl Substrate {
    /// Whether no weight is changed.
    pub fn is_ideal(&self) -> bool {
        self.layers.iter().all(LayerSubstrate::is_ideal)
    }

    /// How the weights of a layer are changed; `None` if they are not.
    pub fn layer(&self, layer: usize) -> Option<&LayerSubstrate> {
        self.layers.get(layer).filter(|layer| !layer.is_ideal())
    }

    /// Checks that the substrate fits a network.
    ///
    /// # Errors
    /// If it has more layers than the network, changes a layer without weights, has factors of another shape than the
    /// weights or a factor that is not finite, or the levels of a layer are out of range.
    pub fn check<T: Real>(&self, network: &Network<T>) -> Result<(), EngineError> {
        if self.layers.len() > network.layers().len() {
            return Err(EngineError::Length {
                what: "layers of the network",
                expected: network.layers().len(),
                found: self.layers.len(),
            });
        }
        for (index, layer) in self.layers.iter().enumerate() {
            let problem = |problem: String| EngineError::Tensors {
                group: format!("the substrate of layer {index}"),
                problem,
            };
            let weights = network.layers()[index]
                .spiking()
                .map(|layer| layer.weights());
            match (layer.is_ideal(), weights) {
                (true, _) => continue,
                (false, None) => return Err(problem("the layer has no weights".to_owned())),
                (false, Some(weights)) => {
                    if let Some(factors) = &layer.factors {
                        factors
                            .check(weights.shape())
                            .map_err(|error| problem(error.to_string()))?;
                    }
                }
            }
            if let Some(quantisation) = &layer.quantisation {
                quantisation
                    .check()
                    .map_err(|error| problem(error.to_string()))?;
            }
        }
        Ok(())
    }

    /// The network with transformed weights.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn apply<T: Real>(&self, network: &Network<T>) -> Result<Network<T>, EngineError> {
        self.check(network)?;
        let mut transformed = network.clone();
        for (index, layer) in transformed.layers_mut().iter_mut().enumerate() {
            let (Some(substrate), Some(layer)) = (self.layer(index), layer.spiking_mut()) else {
                continue;
            };
            if let Some(weights) = layer.parameter_mut(ParameterKind::Weights) {
                substrate.transform(weights);
            }
        }
        Ok(transformed)
    }
}

impl LayerSubstrate {
    /// Whether no weight is changed.
    pub fn is_ideal(&self) -> bool {
        self.quantisation.is_none() && self.factors.is_none()
    }

    /// Transforms the weights of the layer in place; `weights` is in row-major order.
    pub fn transform<T: Real>(&self, weights: &mut [T]) {
        if let Some(quantisation) = &self.quantisation {
            for weight in weights.iter_mut() {
                *weight = T::of(quantisation.round(weight.to_f64()));
            }
        }
        if let Some(factors) = &self.factors {
            for (weight, &factor) in weights.iter_mut().zip(factors.as_slice()) {
                *weight *= T::of(f64::from(factor));
            }
        }
    }
}

/// The integer that is nearest to a number of at most 2^50; the even one of two that are equally near.
#[inline]
fn nearest_integer(number: f64) -> f64 {
    // Numbers from 2^52 to 2^53 are integers, so the sum is rounded to one. Unlike `f64::round_ties_even`, this is
    // vectorised for every instruction set.
    const SHIFT: f64 = 1.5 * (1_u64 << 52) as f64;
    (number + SHIFT) - SHIFT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::spiking::SpikingLayer;
    use crate::neuron::parameters::LifParameters;

    fn network() -> Network<f32> {
        let neuron = LifParameters {
            tau_m: 0.02,
            tau_s: 0.01,
            theta: 1.0,
            reset: 1.0,
            max_spikes: 5,
            t_max: 0.1,
        };
        let weights = Tensor::new(&[2, 2], vec![0.1, -0.26, 0.9, -2.0]).unwrap();
        let layer = SpikingLayer::dense(neuron, weights).unwrap();
        Network::new(2).unwrap().layer(layer).unwrap()
    }

    #[test]
    fn levels_are_even_and_symmetric() {
        for bits in 2..=8 {
            let quantisation = Quantisation::with_bits(bits, 1.5).unwrap();
            let levels = i64::from(quantisation.levels);
            assert_eq!(levels, (1 << (bits - 1)) - 1);
            for level in -levels..=levels {
                let weight = level as f64 * quantisation.step();
                for offset in [-0.4, 0.0, 0.4] {
                    let rounded = quantisation.round(weight + offset * quantisation.step());
                    assert!((rounded - weight).abs() < 1e-12, "{weight}, {offset}");
                }
                assert_eq!(quantisation.round(-weight), -quantisation.round(weight));
            }
            assert_eq!(quantisation.round(1e9), 1.5);
        }
        assert!(Quantisation::with_bits(1, 1.0).is_err());
        assert!(Quantisation::with_bits(25, 1.0).is_err());
        assert!(Quantisation::with_bits(6, f64::NAN).is_err());
    }

    #[test]
    fn weights_are_rounded_clipped_and_scaled() {
        let substrate = Substrate {
            layers: vec![LayerSubstrate {
                quantisation: Some(Quantisation::with_bits(3, 0.6).unwrap()),
                factors: Some(Tensor::new(&[2, 2], vec![1.0, 2.0, 0.0, 0.5]).unwrap()),
            }],
        };
        let transformed = substrate.apply(&network()).unwrap();
        let weights = transformed.weights(0).unwrap().as_slice();
        for (found, expected) in weights.iter().zip([0.2, -0.4, 0.0, -0.3]) {
            assert!((found - expected).abs() < 1e-6, "{weights:?}");
        }
    }

    #[test]
    fn a_substrate_that_does_not_fit_is_refused() {
        let of_factors = |shape: &[usize], values: Vec<f32>| Substrate {
            layers: vec![LayerSubstrate {
                quantisation: None,
                factors: Some(Tensor::new(shape, values).unwrap()),
            }],
        };
        assert!(of_factors(&[2, 2], vec![1.0; 4]).check(&network()).is_ok());
        for refused in [
            of_factors(&[4], vec![1.0; 4]),
            of_factors(&[2, 2], vec![1.0, f32::NAN, 1.0, 1.0]),
            Substrate {
                layers: vec![LayerSubstrate::default(); 2],
            },
        ] {
            let error = refused.check(&network()).unwrap_err().to_string();
            assert!(error.contains("layer"), "{error}");
        }
        assert!(Substrate::default().is_ideal());
    }
}
