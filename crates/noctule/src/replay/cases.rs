//! The file format of reference cases.

use serde::Deserialize;
use serde_json::Value;

/// The kinds of layers that can be replayed.
const KINDS: [&str; 3] = ["conv", "dense", "pool"];

/// A file of cases.
#[derive(Clone, Debug)]
pub struct Cases {
    /// The cases that can be replayed, in order.
    pub cases: Vec<Case>,
    /// The others.
    pub unsupported: Vec<Unsupported>,
}

/// A case with a layer of a kind that Noctule does not have.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsupported {
    /// What the case is called.
    pub case: String,
    /// The kind of the layer.
    pub kind: String,
}

impl Cases {
    /// Reads a file of cases. Cases with unknown kinds of layers are set apart; anything else that is not a case is an
    /// error.
    ///
    /// # Errors
    /// If the text is not JSON, or a case lacks a field or has one of the wrong type.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct File {
            cases: Vec<Value>,
        }
        let file: File = serde_json::from_str(text)?;
        let (mut cases, mut unsupported) = (Vec::new(), Vec::new());
        for case in file.cases {
            match unknown_kind(&case) {
                Some(kind) => unsupported.push(Unsupported {
                    case: case["name"].as_str().unwrap_or_default().to_owned(),
                    kind,
                }),
                None => cases.push(serde_json::from_value(case)?),
            }
        }
        Ok(Self { cases, unsupported })
    }
}

/// The first kind of layer in a case that cannot be replayed.
fn unknown_kind(case: &Value) -> Option<String> {
    let layers = case["network"].as_array()?;
    let kinds = layers.iter().filter_map(|layer| layer["kind"].as_str());
    kinds
        .into_iter()
        .find(|kind| !KINDS.contains(kind))
        .map(str::to_owned)
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
    /// `dL/dt` of each output spike, neuron by neuron; shape `[outputs][spikes of the neuron]`.
    pub output_time_gradient: Vec<Vec<f64>>,
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

fn one() -> usize {
    1
}

/// The neuron of a layer of a case.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct CaseNeuron {
    /// Synaptic time constant in seconds.
    pub tau_s: f64,
    /// Membrane time constant in seconds.
    pub tau_m: f64,
    /// Threshold.
    pub theta: f64,
    /// What a spike subtracts from the potential.
    pub reset: f64,
    /// The most spikes of a neuron.
    pub cap: u32,
    /// End of the sample in seconds.
    pub t_max: f64,
}
