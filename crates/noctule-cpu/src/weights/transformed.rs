//! [`TransformedWeights`]: the weights of the passes of a session with a substrate.

use noctule_core::{LayerSubstrate, Network, Quantisation, Real, Substrate};
use rayon::prelude::*;

use crate::weights::blocked::BlockedWeights;

/// Weights per parallel task, as in an optimiser step.
const CHUNK: usize = 16_384;

/// How each layer's weights are transformed, and the transformed weights.
#[derive(Clone, Debug)]
pub(crate) struct TransformedWeights<T> {
    layers: Vec<Option<Transform<T>>>,
    /// The versions of the weights that were transformed last.
    versions: Vec<Option<u64>>,
    /// For each layer with weights: those that passes use.
    pub weights: Vec<Option<BlockedWeights<T>>>,
}

/// The transform of one layer.
#[derive(Clone, Debug)]
struct Transform<T> {
    quantisation: Option<Quantisation>,
    factors: Option<BlockedWeights<T>>,
}

impl<T: Real> TransformedWeights<T> {
    /// The transform of `substrate`, which fits `network`; `None` if it changes nothing.
    pub fn new(substrate: &Substrate, network: &Network<T>) -> Option<Self> {
        if substrate.is_ideal() {
            return None;
        }
        let layers = 0..network.layers().len();
        Some(Self {
            layers: layers
                .map(|layer| substrate.layer(layer).map(Transform::new))
                .collect(),
            versions: Vec::new(),
            weights: Vec::new(),
        })
    }

    /// Transforms `weights`, one entry per layer, unless they are those of the last call.
    pub fn update(&mut self, weights: &[Option<BlockedWeights<T>>]) {
        let version = |weights: &Option<BlockedWeights<T>>| Some(weights.as_ref()?.version());
        let versions: Vec<_> = weights.iter().map(version).collect();
        if self.versions == versions {
            return;
        }
        self.versions = versions;
        self.weights.clear();
        self.weights.extend_from_slice(weights);
        for (transform, weights) in self.layers.iter().zip(&mut self.weights) {
            if let (Some(transform), Some(weights)) = (transform, weights) {
                transform.apply(weights);
            }
        }
    }
}

impl<T: Real> Transform<T> {
    fn new(layer: &LayerSubstrate) -> Self {
        let factors = layer.factors.as_ref().map(|factors| {
            let values = factors.as_slice().iter();
            let rows: Vec<T> = values.map(|&factor| T::of(f64::from(factor))).collect();
            BlockedWeights::from_rows(factors.rows(), &rows)
        });
        Self {
            quantisation: layer.quantisation,
            factors,
        }
    }

    /// Lanes beyond the last output stay zero.
    fn apply(&self, weights: &mut BlockedWeights<T>) {
        let weights = weights.as_mut_slice();
        if let Some(quantisation) = self.quantisation {
            weights.par_chunks_mut(CHUNK).for_each(|weights| {
                for weight in weights {
                    *weight = T::of(quantisation.round(weight.to_f64()));
                }
            });
        }
        if let Some(factors) = &self.factors {
            let factors = factors.as_slice().par_chunks(CHUNK);
            weights
                .par_chunks_mut(CHUNK)
                .zip(factors)
                .for_each(|(weights, factors)| {
                    for (weight, &factor) in weights.iter_mut().zip(factors) {
                        *weight *= factor;
                    }
                });
        }
    }
}
