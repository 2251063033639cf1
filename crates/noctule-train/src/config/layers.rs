//! The `[[layers]]` of an experiment file.

use serde::{Deserialize, Serialize};

use crate::initial::default_potential;
use crate::tagged::tagged_by_kind;

/// One of `[[layers]]`; `kind` chooses.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LayerConfig {
    /// Every input is connected to every neuron.
    Dense(DenseConfig),
    /// Neurons look at windows of an image, with shared weights.
    Conv2d(Conv2dConfig),
    /// Spike trains of a window are merged.
    SumPool2d(SumPool2dConfig),
}

tagged_by_kind!(LayerConfig {
    "dense" => Dense(DenseConfig),
    "conv2d" => Conv2d(Conv2dConfig),
    "sum_pool2d" => SumPool2d(SumPool2dConfig),
});

impl LayerConfig {
    /// Kinds of layers whose neurons take the constants of `[neuron]`.
    pub(super) const SPIKING: &[&str] = &["dense", "conv2d"];

    /// How many neurons the layer has, if its own configuration says so.
    pub fn neurons(&self) -> Option<usize> {
        match self {
            Self::Dense(dense) => Some(dense.neurons),
            Self::Conv2d(_) | Self::SumPool2d(_) => None,
        }
    }

    /// The constants of the layer's neurons and weights, if it has any.
    pub fn population(&self) -> Option<Population<'_>> {
        match self {
            Self::Dense(dense) => Some(dense.population()),
            Self::Conv2d(conv) => Some(conv.population()),
            Self::SumPool2d(_) => None,
        }
    }

    /// What a layer of neurons may leave out until the data are known.
    pub(crate) fn left_out(&mut self) -> Option<LeftOut<'_>> {
        let (init, silent_boost) = match self {
            Self::Dense(dense) => (&mut dense.init, &mut dense.silent_boost),
            Self::Conv2d(conv) => (&mut conv.init, &mut conv.silent_boost),
            Self::SumPool2d(_) => return None,
        };
        Some(LeftOut { init, silent_boost })
    }
}

/// The keys of a layer of neurons that may be left out, since they follow from the data.
pub(crate) struct LeftOut<'a> {
    pub init: &'a mut Option<InitConfig>,
    pub silent_boost: &'a mut Option<f64>,
}

/// What all layers of neurons have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Population<'a> {
    /// Potential at which a neuron spikes.
    pub theta: f64,
    /// What a spike subtracts from the potential.
    pub reset: f64,
    /// Most spikes of one neuron in one sample.
    pub max_spikes: usize,
    /// Time constant of the membrane, in seconds.
    pub tau_m: f64,
    /// Time constant of the synapses, in seconds.
    pub tau_s: f64,
    /// End of a sample, in seconds.
    pub t_max: f64,
    /// Strength of the boost of incoming weights of neurons that stay silent, 0 for none; `None` if it was left out.
    pub silent_boost: Option<f64>,
    /// Distribution of the initial weights; `None` if it was left out.
    pub init: Option<&'a InitConfig>,
    /// Pull towards a number of spikes, if any.
    pub homeostasis: Option<&'a HomeostasisConfig>,
}

/// Defines the table of a kind of layer that has neurons: its own keys, and those that all such layers have. (serde
/// cannot flatten a common struct into a table that refuses unknown keys.)
macro_rules! layer_of_neurons {
    (
        $(#[$about:meta])*
        $name:ident { $($(#[$doc:meta])* $key:ident: $value:ty,)+ }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$doc])* pub $key: $value,)+
            /// Potential at which a neuron spikes.
            pub theta: f64,
            /// What a spike subtracts from the potential; default `theta`.
            pub reset: f64,
            /// Most spikes of one neuron in one sample.
            pub max_spikes: usize,
            /// Time constant of the membrane, in seconds; default that of `[neuron]`.
            pub tau_m: f64,
            /// Time constant of the synapses, in seconds; default that of `[neuron]`.
            pub tau_s: f64,
            /// End of a sample, in seconds; default that of `[neuron]`.
            pub t_max: f64,
            /// Strength of the boost of incoming weights of neurons that stay silent. Default: in the last layer of
            /// neurons a number that suits the initial weights, in others 0 (none).
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub silent_boost: Option<f64>,
            /// Distribution of the initial weights; default [`ThresholdInit`] with its defaults.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub init: Option<InitConfig>,
            /// Pull towards a number of spikes; default none.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub homeostasis: Option<HomeostasisConfig>,
        }

        impl $name {
            /// The constants of the neurons and weights.
            pub fn population(&self) -> Population<'_> {
                Population {
                    theta: self.theta,
                    reset: self.reset,
                    max_spikes: self.max_spikes,
                    tau_m: self.tau_m,
                    tau_s: self.tau_s,
                    t_max: self.t_max,
                    silent_boost: self.silent_boost,
                    init: self.init.as_ref(),
                    homeostasis: self.homeostasis.as_ref(),
                }
            }
        }
    };
}

layer_of_neurons! {
    /// Constants of [`LayerConfig::Dense`].
    DenseConfig {
        /// How many neurons.
        neurons: usize,
        /// Fraction of the inputs that are dropped in each sample in training; default 0.
        #[serde(default)]
        dropout: f64,
    }
}

layer_of_neurons! {
    /// Constants of [`LayerConfig::Conv2d`].
    Conv2dConfig {
        /// How many filters: channels of the layer's image.
        filters: usize,
        /// Side of the square window that each neuron sees, in pixels.
        window: usize,
        /// Pixels from one window to the next; default 1.
        #[serde(default = "one")]
        stride: usize,
        /// Silent pixels around the image; default 0.
        #[serde(default)]
        padding: usize,
    }
}

fn one() -> usize {
    1
}

/// Constants of [`LayerConfig::SumPool2d`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SumPool2dConfig {
    /// Side of the square window whose spike trains become one, in pixels.
    pub size: usize,
}

/// Distribution of a layer's initial weights; `kind` chooses.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum InitConfig {
    /// Evenly between two bounds.
    Uniform(UniformInit),
    /// Normally distributed.
    Normal(NormalInit),
    /// Normally distributed, in units of the threshold and of what the data bring to a neuron.
    Threshold(ThresholdInit),
}

tagged_by_kind!(InitConfig {
    "uniform" => Uniform(UniformInit),
    "normal" => Normal(NormalInit),
    "threshold" => Threshold(ThresholdInit),
});

/// Constants of [`InitConfig::Uniform`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UniformInit {
    /// Smallest weight.
    pub low: f64,
    /// Upper bound of the weights.
    pub high: f64,
}

/// Constants of [`InitConfig::Normal`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NormalInit {
    /// Mean weight.
    pub mean: f64,
    /// Standard deviation of the weights.
    pub std: f64,
}

/// Constants of [`InitConfig::Threshold`]: the potential that an average training sample causes at its peak has this mean
/// and standard deviation over the neurons of the layer.
///
/// A trainer measures what arrives, turns this into [`InitConfig::Normal`] (see
/// [`Initialiser::threshold`](noctule_core::Initialiser::threshold)), and writes that out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ThresholdInit {
    /// Mean, in thresholds. Default 0.5; in the last layer, and where `max_spikes` is 1, it is 3, so that nearly every
    /// neuron spikes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Standard deviation, in thresholds; default 1.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub std: Option<f64>,
}

impl ThresholdInit {
    /// Mean and standard deviation, in thresholds, for the last layer or another one.
    pub(crate) fn of_layer(&self, max_spikes: usize, is_last: bool) -> NormalInit {
        let (mean, std) = default_potential(max_spikes, is_last);
        NormalInit {
            mean: self.mean.unwrap_or(mean),
            std: self.std.unwrap_or(std),
        }
    }
}

/// A penalty on a layer's spike counts that differ from a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HomeostasisConfig {
    /// Wanted spikes per neuron and sample.
    pub target: f64,
    /// Weight of the penalty in the loss.
    pub strength: f64,
}
