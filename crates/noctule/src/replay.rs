//! Replays reference cases: certifies a build, a precision, a back end or a machine.
//!
//! The cases are JSON: networks with their weights, input spikes, and `dL/dt` of each output spike. [`run`] computes the
//! spikes and gradients in the shapes of the file, to be compared with what the file (or another back end) says.

mod cases;
mod error;

use noctule_core::{
    Activity, Conv2d, Dense, Gradient, Guards, Layer, Lif, LifParameters, Network, Real, Shape,
    ShapeError, SpikeBatch, SumPool2d, Weights, Window,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use cases::{Case, CaseLayer, CaseNeuron, Cases, Unsupported};
pub use error::{Reason, ReplayError};

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
    let d_input = network.backward(
        &mut activity,
        d_times,
        &Guards::default(),
        &mut gradient,
        true,
    )?;
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
            None => match layer.input_shape() {
                Some(shape) => Network::image(shape)?,
                None => Network::new(layer.inputs())?,
            },
        };
        network = Some(before.layer(layer)?);
    }
    let what = "the number of layers of a network";
    Ok(network.ok_or(ShapeError::Empty { what })?)
}

fn build_layer<T: Real>(layer: &CaseLayer, index: usize) -> Result<Layer<T>, Reason> {
    let window_error = |source| Reason::Window {
        layer: index,
        source,
    };
    match layer {
        CaseLayer::Dense { weights, neuron } => {
            let neuron = build_neuron(neuron, index)?;
            let inputs = weights.first().map_or(0, Vec::len);
            let weights = build_weights(weights, inputs, index)?;
            Ok(Dense::new(neuron, weights)?.into())
        }
        CaseLayer::Conv {
            in_shape,
            weights,
            stride,
            padding,
            neuron,
        } => {
            let neuron = build_neuron(neuron, index)?;
            let (filters, window) = flatten_filters(weights, index)?;
            let window = Window {
                stride: *stride,
                padding: *padding,
                ..window
            };
            let inputs = filters.first().map_or(0, Vec::len);
            let weights = build_weights(&filters, inputs, index)?;
            let layer = Conv2d::new(neuron, image(*in_shape), window, weights);
            Ok(layer.map_err(window_error)?.into())
        }
        CaseLayer::Pool { in_shape, size } => {
            let layer = SumPool2d::new(image(*in_shape), *size);
            Ok(layer.map_err(window_error)?.into())
        }
    }
}

fn image([height, width, channels]: [usize; 3]) -> Shape {
    Shape {
        height,
        width,
        channels,
    }
}

/// Weights `[out][in]`, each list of `inputs` numbers.
fn build_weights<T: Real>(
    rows: &[Vec<f64>],
    inputs: usize,
    layer: usize,
) -> Result<Weights<T>, Reason> {
    for (output, row) in rows.iter().enumerate() {
        same_length(layer, &[output], inputs, row.len())?;
    }
    let flat: Vec<T> = rows.iter().flatten().map(|&weight| T::of(weight)).collect();
    Weights::from_rows(rows.len(), inputs, &flat)
        .map_err(|source| Reason::Weights { layer, source })
}

/// Filters `[filter][ky][kx][channel]` as lists `[filter][ky * kx * channel]`, and the size of the window.
fn flatten_filters(
    filters: &[Vec<Vec<Vec<f64>>>],
    layer: usize,
) -> Result<(Vec<Vec<f64>>, Window), Reason> {
    let first = filters.first();
    let height = first.map_or(0, Vec::len);
    let first = first.and_then(|filter| filter.first());
    let width = first.map_or(0, Vec::len);
    let channels = first.and_then(|row| row.first()).map_or(0, Vec::len);
    for (f, filter) in filters.iter().enumerate() {
        same_length(layer, &[f], height, filter.len())?;
        for (y, row) in filter.iter().enumerate() {
            same_length(layer, &[f, y], width, row.len())?;
            for (x, pixel) in row.iter().enumerate() {
                same_length(layer, &[f, y, x], channels, pixel.len())?;
            }
        }
    }
    let flat = filters
        .iter()
        .map(|filter| filter.iter().flatten().flatten().copied().collect());
    let window = Window {
        height,
        width,
        ..Window::square(1)
    };
    Ok((flat.collect(), window))
}

fn same_length(layer: usize, place: &[usize], expected: usize, found: usize) -> Result<(), Reason> {
    if found == expected {
        return Ok(());
    }
    Err(Reason::Ragged {
        layer,
        place: format!("{place:?}"),
        expected,
        found,
    })
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
    let mut counts = vec![0; output.population().max(errors.len())];
    for &neuron in output.neurons() {
        counts[neuron as usize] += 1;
    }
    for (neuron, spikes) in counts.into_iter().enumerate() {
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

/// The gradient of a layer's weights in their shape in the file; null for layers without weights.
fn weight_gradient<T: Real>(layer: &Layer<T>, gradient: &Gradient<T>, index: usize) -> Value {
    let Some(weights) = gradient.layer(index) else {
        return Value::Null;
    };
    let flat = weights.to_rows().into_iter().map(Real::to_f64).collect();
    match layer {
        Layer::Conv2d(conv) => {
            let window = conv.window();
            let channels = conv.input_shape().channels;
            nested(flat, &[window.height, window.width, channels])
        }
        _ => nested(flat, &[weights.inputs()]),
    }
}

/// Numbers as nested lists whose inner lengths are `shape`, outermost first.
fn nested(flat: Vec<f64>, shape: &[usize]) -> Value {
    let mut values: Vec<Value> = flat.into_iter().map(Value::from).collect();
    for &length in shape.iter().rev() {
        values = values
            .chunks(length)
            .map(<[Value]>::to_vec)
            .map(Value::from)
            .collect();
    }
    Value::from(values)
}
