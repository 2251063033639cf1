//! The `[optimiser]` table of an experiment file. Defaults are PyTorch's.

use serde::{Deserialize, Serialize};

use crate::range::{OutOfRange, fraction_below_one, not_negative, positive, require};
use crate::tagged::tagged_by_kind;

/// Which optimiser, and its constants; `kind` chooses.
///
/// ```
/// use noctule_train::optimiser::OptimiserConfig;
///
/// let config: OptimiserConfig = toml::from_str("kind = 'adam'\nlearning_rate = 0.003")?;
/// assert_eq!(config.learning_rate(), 0.003);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind")]
pub enum OptimiserConfig {
    /// Stochastic gradient descent, with momentum if asked for.
    #[serde(rename = "sgd")]
    Sgd(SgdConfig),
    /// Adam.
    #[serde(rename = "adam")]
    Adam(AdamConfig),
    /// Adam with decoupled weight decay.
    #[serde(rename = "adamw")]
    AdamW(AdamWConfig),
    /// Adam with Nesterov momentum.
    #[serde(rename = "nadam")]
    NAdam(NAdamConfig),
}

tagged_by_kind!(OptimiserConfig {
    "sgd" => Sgd(SgdConfig),
    "adam" => Adam(AdamConfig),
    "adamw" => AdamW(AdamWConfig),
    "nadam" => NAdam(NAdamConfig),
});

/// Constants of [`OptimiserConfig::Sgd`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SgdConfig {
    /// Step size before the schedule; default 0.001.
    pub learning_rate: f64,
    /// Fraction of the previous step that is kept, in `0..1`; default 0 (none, and no state).
    pub momentum: f64,
    /// Look ahead by one momentum step; needs momentum; default false.
    pub nesterov: bool,
    /// Pull towards zero, added to the gradient as `weight_decay * weight`; default 0.
    pub weight_decay: f64,
}

impl Default for SgdConfig {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            momentum: 0.0,
            nesterov: false,
            weight_decay: 0.0,
        }
    }
}

/// Constants of [`OptimiserConfig::Adam`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamConfig {
    /// Step size before the schedule; default 0.001.
    pub learning_rate: f64,
    /// Decay per step of the running mean of the gradient and of its square, each in `0..1`; default `[0.9, 0.999]`.
    pub betas: [f64; 2],
    /// Added to the root of the second moment; default 1e-8.
    pub epsilon: f64,
    /// Pull towards zero, added to the gradient as `weight_decay * weight`; default 0.
    pub weight_decay: f64,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
    }
}

/// Constants of [`OptimiserConfig::AdamW`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamWConfig {
    /// Step size before the schedule; default 0.001.
    pub learning_rate: f64,
    /// Decay per step of the running mean of the gradient and of its square, each in `0..1`; default `[0.9, 0.999]`.
    pub betas: [f64; 2],
    /// Added to the root of the second moment; default 1e-8.
    pub epsilon: f64,
    /// Each step first scales the weight by `1 - learning rate * weight_decay`; default 0.01.
    pub weight_decay: f64,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 1e-2,
        }
    }
}

/// Constants of [`OptimiserConfig::NAdam`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NAdamConfig {
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

impl Default for NAdamConfig {
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

impl OptimiserConfig {
    /// The name in the `kind` key.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sgd(_) => "sgd",
            Self::Adam(_) => "adam",
            Self::AdamW(_) => "adamw",
            Self::NAdam(_) => "nadam",
        }
    }

    /// Step size before the schedule.
    pub fn learning_rate(&self) -> f64 {
        match self {
            Self::Sgd(sgd) => sgd.learning_rate,
            Self::Adam(adam) => adam.learning_rate,
            Self::AdamW(adamw) => adamw.learning_rate,
            Self::NAdam(nadam) => nadam.learning_rate,
        }
    }

    /// Checks every constant; `path` is the table's own path, such as `optimiser`.
    ///
    /// # Errors
    /// [`OutOfRange`] for the first constant that is not finite or outside its range.
    pub fn check(&self, path: &str) -> Result<(), OutOfRange> {
        let key = |name: &str| format!("{path}.{name}");
        positive(&key("learning_rate"), self.learning_rate())?;
        let (betas, epsilon, weight_decay) = match self {
            Self::Sgd(sgd) => {
                fraction_below_one(&key("momentum"), sgd.momentum)?;
                require(
                    !sgd.nesterov || sgd.momentum > 0.0,
                    &key("nesterov"),
                    sgd.nesterov,
                    "false unless momentum is greater than 0",
                )?;
                return not_negative(&key("weight_decay"), sgd.weight_decay);
            }
            Self::Adam(adam) => (adam.betas, adam.epsilon, adam.weight_decay),
            Self::AdamW(adamw) => (adamw.betas, adamw.epsilon, adamw.weight_decay),
            Self::NAdam(nadam) => {
                not_negative(&key("momentum_decay"), nadam.momentum_decay)?;
                (nadam.betas, nadam.epsilon, nadam.weight_decay)
            }
        };
        fraction_below_one(&key("betas.0"), betas[0])?;
        fraction_below_one(&key("betas.1"), betas[1])?;
        positive(&key("epsilon"), epsilon)?;
        not_negative(&key("weight_decay"), weight_decay)
    }
}
