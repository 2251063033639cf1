//! Replays reference cases: certifies a build, a precision, a back end or a machine.
//!
//! The cases are JSON: networks with their weights, input spikes, and `dL/dt` of each output spike. [`run`] computes the
//! spikes and gradients in the shapes of the file, to be compared with what the file (or another back end) says.

use noctule_core::{
    Activity, Dense, Gradient, Guards, Layer, Lif, LifParameters, Network, NeuronError, Real,
    ShapeError, SpikeBatch, SpikeError, Weights, WeightsError,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// The kinds of layers that can be replayed.
const KINDS: [&str; 1] = ["dense"];

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

/// What a replay computed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Outcomes {
    /// One for each case, in order.
    pub cases: Vec<Outcome>,
}

/// What a replay computed for one case.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Outcome {
    /// What the case is called.
    pub name: String,
    /// Spike times in seconds; shape `[layers][neurons][spikes]`.
    pub spikes: Vec<Vec<Vec<f64>>>,
    /// For each layer the gradient of its weights in their shape, or null.
    pub weight_gradients: Vec<Value>,
    /// `dL/dt` of each input spike.
    pub input_time_gradient: Vec<f64>,
}

/// A case that cannot be replayed.
#[derive(Debug, Error)]
#[error("case {case:?}: {reason}")]
pub struct ReplayError {
    /// The name of the case.
    pub case: String,
    /// What is wrong with it.
    #[source]
    pub reason: Reason,
}

/// What is wrong with a case.
#[derive(Debug, Error)]
pub enum Reason {
    /// A neuron constant.
    #[error("layer {layer}: {source}")]
    Neuron {
        /// Index of the layer.
        layer: usize,
        /// What is wrong.
        source: NeuronError,
    },
    /// The weights are not a rectangle of finite numbers.
    #[error("layer {layer}: {source}")]
    Weights {
        /// Index of the layer.
        layer: usize,
        /// What is wrong.
        source: WeightsError,
    },
    /// The neurons of a layer have different numbers of weights.
    #[error(
        "layer {layer}: neuron {neuron} has {found} weights, but the first neuron has {expected}"
    )]
    Ragged {
        /// Index of the layer.
        layer: usize,
        /// The first neuron that differs.
        neuron: usize,
        /// Weights of the first neuron.
        expected: usize,
        /// Weights of this neuron.
        found: usize,
    },
    /// A number is too large for the precision.
    #[error("{what} holds a number that the chosen precision cannot hold")]
    NotFinite {
        /// Where the number is.
        what: &'static str,
    },
    /// The layers do not fit one another.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The input spikes.
    #[error("input_spikes: {0}")]
    Spikes(#[from] SpikeError),
    /// The errors are not one for each output spike.
    #[error(
        "output_time_gradient has {given} numbers for output neuron {neuron}, which spikes {spikes} times"
    )]
    Errors {
        /// The output neuron.
        neuron: usize,
        /// How often it spikes.
        spikes: usize,
        /// How many errors are given.
        given: usize,
    },
}

/// Replays all cases in the precision `T`.
///
/// # Errors
/// If a case is not a valid network or its errors do not fit its output spikes.
pub fn run<T: Real>(cases: &Cases) -> Result<Outcomes, ReplayError> {
    let cases = cases.cases.iter().map(|case| {
        run_case::<T>(case).map_err(|reason| ReplayError {
            case: case.name.clone(),
            reason,
        })
    });
    Ok(Outcomes {
        cases: cases.collect::<Result<_, _>>()?,
    })
}

fn run_case<T: Real>(case: &Case) -> Result<Outcome, Reason> {
    let network = build::<T>(case)?;
    let mut input = SpikeBatch::new(network.inputs());
    input.push_sample(
        case.input_spikes
            .iter()
            .map(|&(time, neuron)| (T::of(time), neuron)),
    )?;
    let mut activity = Activity::new();
    let output = network.forward(&input, &mut activity)?;
    let d_times = align(&case.output_time_gradient, output)?;
    all_finite("output_time_gradient", &d_times)?;
    let mut gradient = network.zero_gradient();
    let d_input = network.backward(&activity, d_times, &Guards::default(), &mut gradient, true)?;
    for index in 0..network.layers().len() {
        if let Some(weights) = gradient.layer(index) {
            all_finite("the gradient of the weights", weights.as_flat())?;
        }
    }
    all_finite(
        "the gradient of the input times",
        d_input.as_deref().unwrap_or_default(),
    )?;
    Ok(Outcome {
        name: case.name.clone(),
        spikes: activity.layers().map(by_neuron).collect(),
        weight_gradients: network
            .layers()
            .iter()
            .enumerate()
            .map(|(index, layer)| weight_gradient(layer, &gradient, index))
            .collect(),
        input_time_gradient: d_input
            .unwrap_or_default()
            .into_iter()
            .map(Real::to_f64)
            .collect(),
    })
}

fn all_finite<T: Real>(what: &'static str, values: &[T]) -> Result<(), Reason> {
    if values.iter().all(|value| value.is_finite()) {
        Ok(())
    } else {
        Err(Reason::NotFinite { what })
    }
}

fn build<T: Real>(case: &Case) -> Result<Network<T>, Reason> {
    let mut network: Option<Network<T>> = None;
    for (index, layer) in case.network.iter().enumerate() {
        let layer = build_layer(layer, index)?;
        let before = match network {
            Some(network) => network,
            None => Network::new(layer.inputs())?,
        };
        network = Some(before.layer(layer)?);
    }
    let what = "the number of layers of a network";
    Ok(network.ok_or(ShapeError::Empty { what })?)
}

fn build_layer<T: Real>(layer: &CaseLayer, index: usize) -> Result<Layer<T>, Reason> {
    match layer {
        CaseLayer::Dense { weights, neuron } => {
            let neuron = build_neuron(neuron, index)?;
            let inputs = weights.first().map_or(0, Vec::len);
            if let Some(neuron) = weights.iter().position(|row| row.len() != inputs) {
                return Err(Reason::Ragged {
                    layer: index,
                    neuron,
                    expected: inputs,
                    found: weights[neuron].len(),
                });
            }
            let flat: Vec<T> = weights.iter().flatten().map(|&w| T::of(w)).collect();
            let weights = Weights::from_rows(weights.len(), inputs, &flat).map_err(|source| {
                Reason::Weights {
                    layer: index,
                    source,
                }
            })?;
            Ok(Dense::new(neuron, weights)?.into())
        }
    }
}

fn build_neuron<T: Real>(neuron: &CaseNeuron, layer: usize) -> Result<Lif<T>, Reason> {
    Lif::new(&LifParameters {
        tau_m: neuron.tau_m,
        tau_s: neuron.tau_s,
        theta: neuron.theta,
        reset: neuron.reset,
        max_spikes: neuron.cap,
        t_max: neuron.t_max,
    })
    .map_err(|source| Reason::Neuron { layer, source })
}

/// Errors `[neuron][spike]` in the order of the output events.
fn align<T: Real>(errors: &[Vec<f64>], output: &SpikeBatch<T>) -> Result<Vec<T>, Reason> {
    for neuron in 0..output.population().max(errors.len()) {
        let spikes = output
            .neurons()
            .iter()
            .filter(|&&other| other as usize == neuron)
            .count();
        let given = errors.get(neuron).map_or(0, Vec::len);
        if spikes != given {
            return Err(Reason::Errors {
                neuron,
                spikes,
                given,
            });
        }
    }
    let mut next = vec![0; output.population()];
    Ok(output
        .neurons()
        .iter()
        .map(|&neuron| {
            let neuron = neuron as usize;
            next[neuron] += 1;
            T::of(errors[neuron][next[neuron] - 1])
        })
        .collect())
}

fn by_neuron<T: Real>(events: &SpikeBatch<T>) -> Vec<Vec<f64>> {
    let mut spikes = vec![Vec::new(); events.population()];
    for (&time, &neuron) in events.times().iter().zip(events.neurons()) {
        spikes[neuron as usize].push(time.to_f64());
    }
    spikes
}

fn weight_gradient<T: Real>(layer: &Layer<T>, gradient: &Gradient<T>, index: usize) -> Value {
    match (layer, gradient.layer(index)) {
        (Layer::Dense(_), Some(weights)) => rows(weights),
        _ => Value::Null,
    }
}

/// A weight matrix as `[out][in]`.
fn rows<T: Real>(weights: &Weights<T>) -> Value {
    weights
        .to_rows()
        .chunks(weights.inputs())
        .map(|row| row.iter().map(|weight| weight.to_f64()).collect::<Value>())
        .collect()
}
