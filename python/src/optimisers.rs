//! How parameters follow their gradients.

use noctule_core::{Adam, AdamW, NAdam, Optimiser, Sgd};
use noctule_train::initial::default_weight_decay;
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

    /// The rule of a single step, with the learning rate that PyTorch has by default where none was given.
    pub fn rule_of_step(&self) -> Result<Optimiser> {
        self.rule(if self.kind == "nadam" { 2e-3 } else { 1e-3 })
    }

    /// All that was said of it but the learning rate: two with the same text can share what they remember.
    pub fn memory_of(&self) -> String {
        let rateless = Self {
            learning_rate: None,
            ..self.clone()
        };
        format!("{rateless:?}")
    }

    /// The learning rate that was given.
    pub fn learning_rate(&self) -> Option<f64> {
        self.learning_rate
    }
}
