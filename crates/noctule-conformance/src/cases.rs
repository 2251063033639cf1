//! The file format of reference cases.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::Error;
use serde_json::Value;

use crate::unsupported::{Unsupported, missing_features};

/// A file of cases.
#[derive(Clone, Debug)]
pub struct Cases {
    /// The cases that can be replayed, in order.
    pub cases: Vec<Case>,
    /// The others.
    pub unsupported: Vec<Unsupported>,
}

impl Cases {
    /// Reads a file of cases. Cases with unknown kinds of layers, or layers with unknown keys, are set apart; anything
    /// else that is not a case is an error.
    ///
    /// # Errors
    /// If the text is not JSON or not an object with `cases`, or a case lacks a field or has one of the wrong type.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        let mut file: Value = serde_json::from_str(text)?;
        let Some(Value::Array(list)) = file.get_mut("cases").map(Value::take) else {
            let problem = "it must be an object whose key `cases` is a list of cases";
            return Err(serde_json::Error::custom(problem));
        };
        let (mut cases, mut unsupported) = (Vec::new(), Vec::new());
        for (index, case) in list.into_iter().enumerate() {
            let name = case["name"].as_str().unwrap_or_default().to_owned();
            let features = missing_features(&case);
            if features.is_empty() {
                let problem = |error| {
                    serde_json::Error::custom(format!(
                        "entry {index} of `cases`, {name:?}: {error}"
                    ))
                };
                cases.push(serde_json::from_value(case).map_err(problem)?);
            } else {
                unsupported.push(Unsupported {
                    case: name,
                    features,
                });
            }
        }
        Ok(Self { cases, unsupported })
    }
}

/// One case: a network, what goes in, and the error on what comes out.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// What the case is called.
    pub name: String,
    /// The layers, in order.
    pub network: Vec<CaseLayer>,
    /// `(time in seconds, neuron)`, sorted by time.
    pub input_spikes: Vec<(f64, u32)>,
    /// Spike times in seconds that take the place of simulated ones; shape `[layers][neurons][spikes]`.
    pub recorded_spikes: Option<Vec<Vec<Vec<f64>>>>,
    /// `dL/dt` of each output spike, neuron by neuron; shape `[outputs][spikes of the neuron]`.
    pub output_time_gradient: Vec<Vec<f64>>,
    /// What must come out.
    #[serde(flatten)]
    pub expected: Expected,
}

impl Case {
    /// Whether the gradients of this case are listed by name (`gradients`), not as `weight_gradients`: if its
    /// expectations are, or if it has none and a layer has one constant for each neuron.
    pub fn names_gradients(&self) -> bool {
        let has_lists = self.network.iter().any(CaseLayer::has_individual_constants);
        self.expected.gradients.is_some()
            || (self.expected.weight_gradients.is_none()
                && self.recorded_spikes.is_none()
                && has_lists)
    }
}

/// What must come out of a case. What is absent is not judged.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Expected {
    /// Spike times in seconds; shape `[layers][neurons][spikes]`.
    pub spikes: Option<Vec<Vec<Vec<f64>>>>,
    /// For each layer the gradient of its weights in their shape, or null.
    pub weight_gradients: Option<Vec<Value>>,
    /// For each layer the gradients of its parameters by name, each in the shape of the parameter, or null.
    pub gradients: Option<Vec<Option<BTreeMap<String, Value>>>>,
    /// `dL/dt` of each input spike.
    pub input_time_gradient: Option<Vec<f64>>,
    /// The number of recorded spikes whose slope is not positive.
    pub spikes_without_rise: Option<u64>,
}

impl Expected {
    /// Whether there is nothing to judge by.
    pub fn is_empty(&self) -> bool {
        self.spikes.is_none()
            && self.weight_gradients.is_none()
            && self.gradients.is_none()
            && self.input_time_gradient.is_none()
            && self.spikes_without_rise.is_none()
    }
}

/// One layer of a case.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CaseLayer {
    /// A dense layer; weights `[out][in]`.
    Dense {
        /// Weights, one list for each neuron.
        weights: Vec<Vec<f64>>,
        /// The neuron.
        #[serde(flatten)]
        neuron: CaseNeuron,
    },
    /// A convolution.
    Conv {
        /// Height, width and channels of the images.
        in_shape: [usize; 3],
        /// Weights `[filter][ky][kx][channel]`.
        weights: Vec<Vec<Vec<Vec<f64>>>>,
        /// Pixels from one window to the next; default 1.
        #[serde(default = "one")]
        stride: usize,
        /// Silent pixels around the image; default 0.
        #[serde(default)]
        padding: usize,
        /// The neuron.
        #[serde(flatten)]
        neuron: CaseNeuron,
    },
    /// Sum pooling.
    Pool {
        /// Height, width and channels of the images.
        in_shape: [usize; 3],
        /// Side of the window.
        size: usize,
    },
}

impl CaseLayer {
    /// The constants of the layer's neurons, if it has neurons.
    pub fn neuron(&self) -> Option<&CaseNeuron> {
        match self {
            Self::Dense { neuron, .. } | Self::Conv { neuron, .. } => Some(neuron),
            Self::Pool { .. } => None,
        }
    }

    fn has_individual_constants(&self) -> bool {
        let Some(neuron) = self.neuron() else {
            return false;
        };
        [&neuron.tau_s, &neuron.tau_m, &neuron.theta, &neuron.reset]
            .into_iter()
            .any(|constant| matches!(constant, Constant::Individual(_)))
    }
}

fn one() -> usize {
    1
}

/// The neurons of a layer of a case.
#[derive(Clone, Debug, Deserialize)]
pub struct CaseNeuron {
    /// Synaptic time constant in seconds.
    pub tau_s: Constant,
    /// Membrane time constant in seconds.
    pub tau_m: Constant,
    /// Threshold.
    pub theta: Constant,
    /// What a spike subtracts from the potential.
    pub reset: Constant,
    /// The most spikes of a neuron.
    pub cap: u32,
    /// End of the sample in seconds.
    pub t_max: f64,
}

/// A constant of the neurons of a layer.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a number, or a list with one number for each neuron"
)]
pub enum Constant {
    /// The same for all neurons.
    Shared(f64),
    /// One number for each neuron; shape `[neurons]`.
    Individual(Vec<f64>),
}

impl Constant {
    /// The value of the first neuron; 1 of an empty list, which no layer accepts.
    pub fn first(&self) -> f64 {
        match self {
            Self::Shared(value) => *value,
            Self::Individual(values) => values.first().copied().unwrap_or(1.0),
        }
    }

    /// The smallest value.
    pub fn smallest(&self) -> f64 {
        match self {
            Self::Shared(value) => *value,
            Self::Individual(values) => values.iter().copied().fold(f64::INFINITY, f64::min),
        }
    }
}
