//! [`Chip`]: one chip of a kind.

use noctule_core::{
    EngineError, Layer, LayerSubstrate, LifParameters, Network, ParameterKind, Quantisation,
    SpikingLayer, Substrate, Tensor,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::model::ChipModel;
use super::trial_noise::TrialNoise;
use crate::study::StudyError;

/// No constant of a neuron is less than this share of its nominal value, however large the mismatch.
const LEAST_FACTOR: f64 = 0.1;
/// How many full scales are tried, as even fractions of the largest weight.
const SCALES: u32 = 64;

/// One chip of a kind: the constants of its neurons and its synapses. The default is an ideal chip.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chip {
    /// How weights become those of the chip.
    pub substrate: Substrate,
    /// What differs from trial to trial.
    pub noise: TrialNoise,
    /// For each layer: the constants of its neurons, by kind.
    constants: Vec<Vec<(ParameterKind, Vec<f32>)>>,
}

/// For each layer of a network: the largest weight that `bits` bits are best spread over, which has the least mean
/// squared error of rounding. 1 for layers without weights.
///
/// # Errors
/// If there are too few or too many bits.
pub fn full_scales(network: &Network<f32>, bits: u32) -> Result<Vec<f64>, StudyError> {
    let layers = network.layers().iter();
    layers
        .map(|layer| match layer.spiking() {
            Some(layer) => best_full_scale(layer.weights().as_slice(), bits),
            None => Ok(1.0),
        })
        .collect()
}

fn best_full_scale(weights: &[f32], bits: u32) -> Result<f64, StudyError> {
    let largest = weights
        .iter()
        .fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
    if largest == 0.0 {
        return Ok(1.0);
    }
    let mut best = (f64::INFINITY, f64::from(largest));
    for part in 1..=SCALES {
        let full_scale = f64::from(largest) * f64::from(part) / f64::from(SCALES);
        let quantisation = Quantisation::with_bits(bits, full_scale)?;
        let errors = weights.iter().map(|&weight| {
            let weight = f64::from(weight);
            (quantisation.round(weight) - weight).powi(2)
        });
        let error: f64 = errors.sum();
        if error < best.0 {
            best = (error, full_scale);
        }
    }
    Ok(best.1)
}

impl Chip {
    /// Chip number `number` of a kind, for networks like `network`; `full_scales` has the largest weight of each layer
    /// (see [`full_scales`]), which matters if weights are rounded.
    ///
    /// # Errors
    /// If the model has too few or too many bits, or a full scale is not positive.
    pub fn new(
        model: &ChipModel,
        network: &Network<f32>,
        full_scales: &[f64],
        number: u64,
    ) -> Result<Self, StudyError> {
        let mut substrate = Substrate::default();
        let mut constants = Vec::new();
        for (index, layer) in network.layers().iter().enumerate() {
            // Layers do not share random numbers, so that one does not depend on the size of another.
            let mut random = ChaCha8Rng::seed_from_u64(number);
            random.set_stream(index as u64);
            let (of_weights, of_neurons) = match layer.spiking() {
                Some(layer) => {
                    let full_scale = full_scales.get(index).copied().unwrap_or(1.0);
                    let neurons = draw_constants(model, layer, &mut random);
                    (
                        draw_synapses(model, layer, full_scale, &mut random)?,
                        neurons,
                    )
                }
                None => (LayerSubstrate::default(), Vec::new()),
            };
            substrate.layers.push(of_weights);
            constants.push(of_neurons);
        }
        Ok(Self {
            substrate,
            noise: model.noise,
            constants,
        })
    }

    /// A chip without mismatch whose trials are noisy.
    pub fn with_noise(noise: TrialNoise) -> Self {
        Self {
            noise,
            ..Self::default()
        }
    }

    /// The network with the constants of the chip's neurons; its weights are not transformed.
    ///
    /// # Errors
    /// If the chip is for another network.
    pub fn network(&self, network: &Network<f32>) -> Result<Network<f32>, EngineError> {
        let mut network = network.clone();
        let layers = network.layers_mut().iter_mut();
        for (index, (layer, constants)) in layers.zip(&self.constants).enumerate() {
            let Layer::Spiking(layer) = layer else {
                continue;
            };
            for (kind, values) in constants {
                let tensor = Tensor::new(&[values.len()], values.clone());
                let set = tensor
                    .map_err(|source| noctule_core::LayerError::Parameter {
                        kind: *kind,
                        source,
                    })
                    .and_then(|tensor| layer.set_parameter(*kind, tensor));
                set.map_err(|source| EngineError::Layer {
                    layer: index,
                    source,
                })?;
            }
        }
        Ok(network)
    }
}

/// The constants of the neurons of a layer, as far as they differ from the nominal ones.
fn draw_constants(
    model: &ChipModel,
    layer: &SpikingLayer<f32>,
    random: &mut ChaCha8Rng,
) -> Vec<(ParameterKind, Vec<f32>)> {
    let mismatch = &model.mismatch;
    let LifParameters {
        tau_m,
        tau_s,
        theta,
        reset,
        ..
    } = *layer.neuron();
    let mut factors = |deviation: f64| -> Vec<f64> {
        // They are drawn in any case, so that a chip's synapses do not depend on the mismatch of its neurons.
        let neurons = 0..layer.outputs();
        neurons
            .map(|_| factor(deviation, random).max(LEAST_FACTOR))
            .collect()
    };
    let of_theta = factors(mismatch.theta);
    let of_tau_m = factors(mismatch.tau_m);
    let of_tau_s = factors(mismatch.tau_s);
    let mut constants = Vec::new();
    for (deviation, kind, nominal, factors) in [
        (mismatch.theta, ParameterKind::Theta, theta, &of_theta),
        (mismatch.theta, ParameterKind::Reset, reset, &of_theta),
        (mismatch.tau_m, ParameterKind::TauM, tau_m, &of_tau_m),
        (mismatch.tau_s, ParameterKind::TauS, tau_s, &of_tau_s),
    ] {
        if deviation > 0.0 {
            let values = factors.iter().map(|factor| (nominal * factor) as f32);
            constants.push((kind, values.collect()));
        }
    }
    constants
}

fn draw_synapses(
    model: &ChipModel,
    layer: &SpikingLayer<f32>,
    full_scale: f64,
    random: &mut ChaCha8Rng,
) -> Result<LayerSubstrate, StudyError> {
    let quantisation = match model.bits {
        Some(bits) => Some(Quantisation::with_bits(bits, full_scale)?),
        None => None,
    };
    let weights = layer.weights();
    let (deviation, dead) = (model.mismatch.weights, model.dead_synapses);
    let factors = if deviation > 0.0 || dead > 0.0 {
        let mut draw = || {
            // Mismatch does not change the sign of a synapse.
            let factor = factor(deviation, random).max(0.0);
            match random.random::<f64>() < dead {
                true => 0.0,
                false => factor as f32,
            }
        };
        let values = (0..weights.len()).map(|_| draw()).collect();
        Some(Tensor::new(weights.shape(), values)?)
    } else {
        None
    };
    Ok(LayerSubstrate {
        quantisation,
        factors,
    })
}

/// A factor with mean 1 and this standard deviation.
fn factor(deviation: f64, random: &mut ChaCha8Rng) -> f64 {
    let normal: f64 = StandardNormal.sample(random);
    1.0 + deviation * normal
}
