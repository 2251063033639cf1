//! [`Optimiser`]: gradient descent with momentum, Adam, AdamW and NAdam as data, as PyTorch defines them. Engines apply
//! the scalars of a step, [`OptimiserStep`], to all parameters.

mod average;
mod step;

pub use average::average_blend;
pub use step::{MomentStep, MomentumStep, OptimiserStep};

use serde::{Deserialize, Serialize};

/// A rule by which steps change the parameters.
///
/// ```
/// use noctule_core::{Adam, Optimiser};
///
/// let optimiser = Optimiser::from(Adam { learning_rate: 0.003, ..Adam::default() });
/// assert_eq!(optimiser.state_names(), ["first_moment", "second_moment"]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Optimiser {
    /// Stochastic gradient descent, with or without momentum.
    Sgd(Sgd),
    /// Adam.
    Adam(Adam),
    /// Adam with decoupled weight decay.
    AdamW(AdamW),
    /// Adam with Nesterov momentum.
    NAdam(NAdam),
}

impl Optimiser {
    /// The name in files: `sgd`, `adam`, `adamw` or `nadam`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sgd(_) => "sgd",
            Self::Adam(_) => "adam",
            Self::AdamW(_) => "adamw",
            Self::NAdam(_) => "nadam",
        }
    }

    /// Learning rate before any schedule.
    pub fn learning_rate(&self) -> f64 {
        match self {
            Self::Sgd(sgd) => sgd.learning_rate,
            Self::Adam(adam) => adam.learning_rate,
            Self::AdamW(adamw) => adamw.learning_rate,
            Self::NAdam(nadam) => nadam.learning_rate,
        }
    }

    /// The names of the state tensors; the index in this list is that of
    /// [`TensorGroup::OptimiserState`](crate::TensorGroup::OptimiserState).
    pub fn state_names(&self) -> &'static [&'static str] {
        match self {
            Self::Sgd(sgd) if sgd.momentum == 0.0 => &[],
            Self::Sgd(_) => &["momentum"],
            _ => &["first_moment", "second_moment"],
        }
    }
}

impl Default for Optimiser {
    fn default() -> Self {
        Self::Adam(Adam::default())
    }
}

macro_rules! rule {
    ($name:ident) => {
        impl From<$name> for Optimiser {
            fn from(rule: $name) -> Self {
                Self::$name(rule)
            }
        }
    };
}

rule!(Sgd);
rule!(Adam);
rule!(AdamW);
rule!(NAdam);

/// The state of an optimiser that is not in tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimiserProgress {
    /// The optimiser's [`kind`](Optimiser::kind).
    pub kind: String,
    /// Steps taken so far.
    pub steps: u64,
    /// NAdam's running product of momenta; 1 for all others.
    pub momentum_product: f64,
}

impl OptimiserProgress {
    /// The progress before the first step.
    pub fn new(optimiser: &Optimiser) -> Self {
        Self {
            kind: optimiser.kind().to_owned(),
            steps: 0,
            momentum_product: 1.0,
        }
    }
}

/// Constants of [`Optimiser::Sgd`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sgd {
    /// Step size before the schedule; default 0.001.
    pub learning_rate: f64,
    /// Fraction of the previous step that is kept, in `0..1`; default 0 (none, and no state).
    pub momentum: f64,
    /// Whether to use Nesterov momentum; requires `momentum`; default false.
    pub nesterov: bool,
    /// Pull towards zero, added to the gradient as `weight_decay * weight`; default 0.
    pub weight_decay: f64,
}

impl Default for Sgd {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            momentum: 0.0,
            nesterov: false,
            weight_decay: 0.0,
        }
    }
}

/// Constants of [`Optimiser::Adam`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Adam {
    /// Step size before the schedule; default 0.001.
    pub learning_rate: f64,
    /// Decay per step of the running mean of the gradient and of its square, each in `0..1`; default `[0.9, 0.999]`.
    pub betas: [f64; 2],
    /// Added to the root of the second moment; default 1e-8.
    pub epsilon: f64,
    /// Pull towards zero, added to the gradient as `weight_decay * weight`; default 0.
    pub weight_decay: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
    }
}

/// Constants of [`Optimiser::AdamW`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamW {
    /// Step size before the schedule; default 0.001.
    pub learning_rate: f64,
    /// Decay per step of the running mean of the gradient and of its square, each in `0..1`; default `[0.9, 0.999]`.
    pub betas: [f64; 2],
    /// Added to the root of the second moment; default 1e-8.
    pub epsilon: f64,
    /// Each step first scales the weight by `1 - learning rate * weight_decay`; default 0.01.
    pub weight_decay: f64,
}

impl Default for AdamW {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 1e-2,
        }
    }
}

/// Constants of [`Optimiser::NAdam`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NAdam {
    /// Step size before the schedule; default 0.002.
    pub learning_rate: f64,
    /// Decay per step of the running mean of the gradient and of its square, each in `0..1`; default `[0.9, 0.999]`.
    pub betas: [f64; 2],
    /// Added to the root of the second moment; default 1e-8.
    pub epsilon: f64,
    /// Pull towards zero, added to the gradient as `weight_decay * weight`; default 0.
    pub weight_decay: f64,
    /// How fast the momentum warms up from half of `betas[0]` to the whole; default 0.004.
    pub momentum_decay: f64,
}

impl Default for NAdam {
    fn default() -> Self {
        Self {
            learning_rate: 2e-3,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 0.0,
            momentum_decay: 4e-3,
        }
    }
}
