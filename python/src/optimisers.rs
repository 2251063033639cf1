//! How parameters follow their gradients.

use noctule_core::{Adam, AdamW, NAdam, Network, Optimiser, Real, Sgd, Tensor};
use noctule_train::initial::{default_learning_rate, default_weight_decay};
use pyo3::prelude::*;

use crate::errors::{Error, Result};

/// An optimiser, as Python's classes describe themselves. What is `None` follows from the initial weights.
#[derive(Clone, Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub struct OptimiserSpec {
    kind: String,
    learning_rate: Option<f64>,
    weight_decay: Option<f64>,
    momentum: f64,
    nesterov: bool,
    betas: [f64; 2],
    epsilon: f64,
    momentum_decay: f64,
}

impl OptimiserSpec {
    /// The rule, with `learning_rate` where it has none of its own.
    pub fn rule(&self, learning_rate: f64) -> Result<Optimiser> {
        let Self {
            betas,
            epsilon,
            momentum,
            nesterov,
            momentum_decay,
            ..
        } = *self;
        let learning_rate = self.learning_rate.unwrap_or(learning_rate);
        let weight_decay = self.weight_decay.unwrap_or(0.0);
        Ok(match self.kind.as_str() {
            "sgd" => Optimiser::Sgd(Sgd {
                learning_rate,
                momentum,
                nesterov,
                weight_decay,
            }),
            "adam" => Optimiser::Adam(Adam {
                learning_rate,
                betas,
                epsilon,
                weight_decay,
            }),
            "adamw" => Optimiser::AdamW(AdamW {
                learning_rate,
                betas,
                epsilon,
                weight_decay: (self.weight_decay)
                    .unwrap_or_else(|| default_weight_decay(learning_rate)),
            }),
            "nadam" => Optimiser::NAdam(NAdam {
                learning_rate,
                betas,
                epsilon,
                weight_decay,
                momentum_decay,
            }),
            kind => return Err(Error::training(format!("there is no optimiser `{kind}`"))),
        })
    }

    /// The rule for a network; a learning rate that was left out follows from its weights.
    pub fn rule_for<T: Real>(&self, network: &Network<T>) -> Result<Optimiser> {
        let rule = self.rule(1e-3)?;
        if self.learning_rate.is_some() {
            return Ok(rule);
        }
        let weights = network.indexed_weights();
        let sizes = weights.map(|(_, weights)| root_mean_square(weights));
        self.rule(default_learning_rate(&rule, sizes))
    }

    /// All that was said of it but the learning rate: two with the same text can share what they remember.
    pub fn memory_of(&self) -> String {
        let rateless = Self {
            learning_rate: None,
            ..self.clone()
        };
        format!("{rateless:?}")
    }
}

/// The root mean square of all values.
pub fn root_mean_square<T: Real>(weights: &Tensor<T>) -> f64 {
    let values = weights.as_slice().iter();
    let squares = values.map(|&weight| Real::to_f64(weight).powi(2));
    (squares.sum::<f64>() / weights.len().max(1) as f64).sqrt()
}
