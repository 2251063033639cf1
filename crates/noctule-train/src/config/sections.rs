//! The tables of an experiment file.

use noctule_data::{Augmentation, Elastic};
use serde::{Deserialize, Serialize};

use crate::tagged::tagged_by_kind;

/// `[augmentation]`: how the training samples are changed at random, anew in every epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AugmentationConfig {
    /// Bending by a coarse grid of random displacements; default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elastic: Option<ElasticConfig>,
    /// Largest shift along each axis, in pixels; default 0.
    pub shift: f64,
    /// Largest rotation either way, in degrees; default 0.
    pub rotation: f64,
    /// Largest relative change of size; default 0.
    pub scale: f64,
    /// Whether half of the samples are mirrored left to right; default false.
    pub flip: bool,
}

impl From<&AugmentationConfig> for Augmentation {
    fn from(config: &AugmentationConfig) -> Self {
        Self {
            elastic: config.elastic.as_ref().map(|elastic| Elastic {
                points: elastic.points,
                sigma: elastic.sigma,
            }),
            shift: config.shift,
            rotation: config.rotation,
            scale: config.scale,
            flip: config.flip,
        }
    }
}

/// Constants of [`AugmentationConfig::elastic`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElasticConfig {
    /// Control points of the grid on each side.
    pub points: usize,
    /// Standard deviation of their displacements, in pixels.
    pub sigma: f64,
}

/// `[encoder]`: a value in 0..1 becomes one spike, the larger the earlier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EncoderConfig {
    /// Spike time of the largest value, in seconds; default 0.
    pub earliest: f64,
    /// Spike time of the smallest value, in seconds; default 0.1.
    pub latest: f64,
    /// Whether a value of exactly 0 gives no spike at all; default true.
    pub silent_zero: bool,
    /// Time of the spike of an additional input that every sample has, in seconds; default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bias: Option<f64>,
}

impl Default for EncoderConfig {
    fn default() -> Self {
        Self {
            earliest: 0.0,
            latest: 0.1,
            silent_zero: true,
            bias: None,
        }
    }
}

/// `[neuron]`: constants of all layers that do not have their own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeuronConfig {
    /// Time constant of the membrane, in seconds.
    pub tau_m: f64,
    /// Time constant of the synapses, in seconds.
    pub tau_s: f64,
    /// End of a sample: there are no spikes after it, in seconds.
    pub t_max: f64,
}

/// `[loss]`: what is minimised; `kind` chooses.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum LossConfig {
    /// Squared distance of spike counts to two targets.
    SpikeCount(SpikeCountLoss),
    /// Softmax cross-entropy on the times of the first spikes.
    FirstSpike(FirstSpikeLoss),
    /// Squared distance of first-spike times to two targets.
    SpikeTime(SpikeTimeLoss),
    /// Softmax cross-entropy on spike counts.
    CountSoftmax(CountSoftmaxLoss),
}

tagged_by_kind!(LossConfig {
    "spike-count" => SpikeCount(SpikeCountLoss),
    "first-spike" => FirstSpike(FirstSpikeLoss),
    "spike-time" => SpikeTime(SpikeTimeLoss),
    "count-softmax" => CountSoftmax(CountSoftmaxLoss),
});

/// Constants of [`LossConfig::SpikeCount`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpikeCountLoss {
    /// Wanted spikes of the true class's neuron.
    pub target_true: f64,
    /// Wanted spikes of each other neuron.
    pub target_false: f64,
}

/// Constants of [`LossConfig::FirstSpike`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FirstSpikeLoss {
    /// Time difference that counts as a factor e, in seconds; default a tenth of the last layer's `tau_s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Strength of an additional pull of the true class's first spike to early times; default 0.
    pub early_pull: f64,
    /// Time over which that pull grows by a factor e, in seconds; needed if there is a pull.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_pull_time: Option<f64>,
}

impl Default for FirstSpikeLoss {
    fn default() -> Self {
        Self {
            temperature: None,
            early_pull: 0.0,
            early_pull_time: None,
        }
    }
}

/// Constants of [`LossConfig::SpikeTime`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpikeTimeLoss {
    /// Wanted first-spike time of the true class's neuron, in seconds.
    pub target_true: f64,
    /// Wanted first-spike time of each other neuron, in seconds.
    pub target_false: f64,
}

/// Constants of [`LossConfig::CountSoftmax`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CountSoftmaxLoss {
    /// Difference in spikes that counts as a factor e; default 1.
    pub temperature: f64,
}

impl Default for CountSoftmaxLoss {
    fn default() -> Self {
        Self { temperature: 1.0 }
    }
}

/// `[training]`: length and batches of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingConfig {
    /// Passes through the training samples.
    pub epochs: usize,
    /// Samples per step; gradients are averaged over them.
    pub batch_size: usize,
    /// Largest 1/slope that a spike's gradient may use, which tames spikes that graze the threshold; default no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_inverse_slope: Option<f64>,
    /// How much of a running mean of the weights is kept at each step. Validation and test use the mean, and
    /// checkpoints hold it as the weights. Default 0: no mean.
    #[serde(default)]
    pub weight_average: f64,
    /// CPU threads, 0 for all cores; default 0. Results do not depend on it.
    #[serde(default)]
    pub threads: usize,
}
