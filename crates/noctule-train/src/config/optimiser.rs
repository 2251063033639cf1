//! The `[optimiser]` table of an experiment file. Defaults are PyTorch's.

use noctule_core::{Adam, AdamW, NAdam, Optimiser, Sgd};
use serde::Serialize;

use crate::range::{OutOfRange, fraction_below_one, not_negative, positive, require};
use crate::tagged::tagged_by_kind;

/// Which optimiser, and its constants; `kind` chooses.
///
/// ```
/// use noctule_train::config::OptimiserConfig;
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
    Sgd(Sgd),
    /// Adam.
    #[serde(rename = "adam")]
    Adam(Adam),
    /// Adam with decoupled weight decay.
    #[serde(rename = "adamw")]
    AdamW(AdamW),
    /// Adam with Nesterov momentum.
    #[serde(rename = "nadam")]
    NAdam(NAdam),
}

tagged_by_kind!(OptimiserConfig {
    "sgd" => Sgd(Sgd),
    "adam" => Adam(Adam),
    "adamw" => AdamW(AdamW),
    "nadam" => NAdam(NAdam),
});

impl OptimiserConfig {
    /// The name in the `kind` key.
    pub fn kind(&self) -> &'static str {
        Optimiser::from(self).kind()
    }

    /// Step size before the schedule.
    pub fn learning_rate(&self) -> f64 {
        Optimiser::from(self).learning_rate()
    }

    /// Checks every constant; `path` is the table's own path, such as `optimiser`.
    ///
    /// # Errors
    /// [`OutOfRange`] for the first constant that is not finite or outside its range.
    pub fn check(&self, path: &str) -> Result<(), OutOfRange> {
        check_optimiser(path, &self.into())
    }
}

impl From<&OptimiserConfig> for Optimiser {
    fn from(config: &OptimiserConfig) -> Self {
        match config {
            OptimiserConfig::Sgd(sgd) => sgd.clone().into(),
            OptimiserConfig::Adam(adam) => adam.clone().into(),
            OptimiserConfig::AdamW(adamw) => adamw.clone().into(),
            OptimiserConfig::NAdam(nadam) => nadam.clone().into(),
        }
    }
}

/// Checks every constant of an optimiser; `path` is that of the optimiser, such as `optimiser`.
pub(crate) fn check_optimiser(path: &str, optimiser: &Optimiser) -> Result<(), OutOfRange> {
    let key = |name: &str| format!("{path}.{name}");
    positive(&key("learning_rate"), optimiser.learning_rate())?;
    let (betas, epsilon, weight_decay) = match optimiser {
        Optimiser::Sgd(sgd) => {
            fraction_below_one(&key("momentum"), sgd.momentum)?;
            require(
                !sgd.nesterov || sgd.momentum > 0.0,
                &key("nesterov"),
                sgd.nesterov,
                "false unless momentum is greater than 0",
            )?;
            return not_negative(&key("weight_decay"), sgd.weight_decay);
        }
        Optimiser::Adam(adam) => (adam.betas, adam.epsilon, adam.weight_decay),
        Optimiser::AdamW(adamw) => (adamw.betas, adamw.epsilon, adamw.weight_decay),
        Optimiser::NAdam(nadam) => {
            not_negative(&key("momentum_decay"), nadam.momentum_decay)?;
            (nadam.betas, nadam.epsilon, nadam.weight_decay)
        }
    };
    fraction_below_one(&key("betas.0"), betas[0])?;
    fraction_below_one(&key("betas.1"), betas[1])?;
    positive(&key("epsilon"), epsilon)?;
    not_negative(&key("weight_decay"), weight_decay)
}
