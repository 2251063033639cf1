//! The `[optimiser]` table of an experiment file. Defaults are PyTorch's.

use noctule_core::{Adam, AdamW, NAdam, Optimiser, Sgd};
use serde::{Deserialize, Serialize};

use crate::range::{OutOfRange, fraction_below_one, not_negative, positive, require};
use crate::tagged::tagged_by_kind;

/// Defines the table of an optimiser: its rule, whose learning rate may be left out.
macro_rules! optimiser_table {
    ($name:ident of $rule:ident { $($key:ident: $value:ty,)+ }) => {
        #[doc = concat!("Constants of [`OptimiserConfig::", stringify!($rule), "`].")]
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            /// Step size before the schedule. Default: a number that suits the initial weights.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub learning_rate: Option<f64>,
            $(
                #[doc = concat!("As in [`", stringify!($rule), "`].")]
                pub $key: $value,
            )+
        }

        impl Default for $name {
            fn default() -> Self {
                let $rule { learning_rate: _, $($key,)+ } = $rule::default();
                Self { learning_rate: None, $($key,)+ }
            }
        }

        impl From<&$name> for Optimiser {
            fn from(table: &$name) -> Self {
                let $name { learning_rate, $($key,)+ } = table.clone();
                let learning_rate = learning_rate.unwrap_or($rule::default().learning_rate);
                $rule { learning_rate, $($key,)+ }.into()
            }
        }
    };
}

optimiser_table!(SgdConfig of Sgd { momentum: f64, nesterov: bool, weight_decay: f64, });
optimiser_table!(AdamConfig of Adam { betas: [f64; 2], epsilon: f64, weight_decay: f64, });
optimiser_table!(NAdamConfig of NAdam {
    betas: [f64; 2],
    epsilon: f64,
    weight_decay: f64,
    momentum_decay: f64,
});

/// Constants of [`OptimiserConfig::AdamW`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamWConfig {
    /// Step size before the schedule. Default: a number that suits the initial weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// As in [`AdamW`].
    pub betas: [f64; 2],
    /// As in [`AdamW`].
    pub epsilon: f64,
    /// As in [`AdamW`]. Default 0.01; if the learning rate is left out, so much that each step takes 1e-5 of a weight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        let AdamW { betas, epsilon, .. } = AdamW::default();
        Self {
            learning_rate: None,
            betas,
            epsilon,
            weight_decay: None,
        }
    }
}

impl From<&AdamWConfig> for Optimiser {
    fn from(table: &AdamWConfig) -> Self {
        let default = AdamW::default();
        let rule = AdamW {
            learning_rate: table.learning_rate.unwrap_or(default.learning_rate),
            betas: table.betas,
            epsilon: table.epsilon,
            weight_decay: table.weight_decay.unwrap_or(default.weight_decay),
        };
        rule.into()
    }
}

/// Which optimiser, and its constants; `kind` chooses.
///
/// ```
/// use noctule_train::config::OptimiserConfig;
///
/// let config: OptimiserConfig = toml::from_str("kind = 'adam'\nlearning_rate = 0.003")?;
/// assert_eq!(config.learning_rate(), Some(0.003));
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

impl OptimiserConfig {
    /// The name in the `kind` key.
    pub fn kind(&self) -> &'static str {
        Optimiser::from(self).kind()
    }

    /// Step size before the schedule; `None` if it was left out.
    pub fn learning_rate(&self) -> Option<f64> {
        match self {
            Self::Sgd(sgd) => sgd.learning_rate,
            Self::Adam(adam) => adam.learning_rate,
            Self::AdamW(adamw) => adamw.learning_rate,
            Self::NAdam(nadam) => nadam.learning_rate,
        }
    }

    /// Gives the learning rate, if it was left out. `decay` is the weight decay of AdamW for this rate.
    pub(crate) fn fill_in(&mut self, learning_rate: f64, decay: f64) {
        let place = match self {
            Self::Sgd(sgd) => &mut sgd.learning_rate,
            Self::Adam(adam) => &mut adam.learning_rate,
            Self::AdamW(adamw) => {
                let decay = match adamw.learning_rate {
                    Some(_) => AdamW::default().weight_decay,
                    None => decay,
                };
                adamw.weight_decay.get_or_insert(decay);
                &mut adamw.learning_rate
            }
            Self::NAdam(nadam) => &mut nadam.learning_rate,
        };
        place.get_or_insert(learning_rate);
    }

    /// Checks every constant; `path` is the table's own path, such as `optimiser`.
    ///
    /// # Errors
    /// [`OutOfRange`] for the first constant that is not finite or outside its range.
    pub fn check(&self, path: &str) -> Result<(), OutOfRange> {
        check_optimiser(path, &self.into())
    }
}

/// A learning rate that was left out is that of the rule's own default.
impl From<&OptimiserConfig> for Optimiser {
    fn from(config: &OptimiserConfig) -> Self {
        match config {
            OptimiserConfig::Sgd(sgd) => sgd.into(),
            OptimiserConfig::Adam(adam) => adam.into(),
            OptimiserConfig::AdamW(adamw) => adamw.into(),
            OptimiserConfig::NAdam(nadam) => nadam.into(),
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
