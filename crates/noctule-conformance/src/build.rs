//! From a case to a network and its events.

use noctule_core::{
    Layer, LayerError, LifParameters, Network, NetworkError, ParameterKind, Real, Shape,
    SpikeBatch, SpikingLayer, SumPool2d, Tensor, Window,
};

use crate::cases::{Case, CaseLayer, CaseNeuron, Constant};
use crate::error::Reason;

/// The network of a case.
pub(crate) fn network<T: Real>(case: &Case) -> Result<Network<T>, Reason> {
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
    Ok(network.ok_or(NetworkError::Empty { what })?)
}

/// The input events of a case.
pub(crate) fn input<T: Real>(case: &Case, population: usize) -> Result<SpikeBatch<T>, Reason> {
    let mut input = SpikeBatch::new(population);
    let spikes = case.input_spikes.iter();
    input.push_precise_sample(spikes.copied())?;
    Ok(input)
}

/// Recorded spike times `[layers][neurons][spikes]` as one batch of one sample for each layer.
pub(crate) fn recorded<T: Real>(layers: &[Vec<Vec<f64>>]) -> Result<Vec<SpikeBatch<T>>, Reason> {
    let layers = layers.iter().enumerate();
    let batches = layers.map(|(layer, neurons)| {
        let mut events: Vec<(f64, u32)> = Vec::new();
        for (neuron, times) in neurons.iter().enumerate() {
            if !times.is_sorted() {
                return Err(Reason::RecordedOrder { layer, neuron });
            }
            events.extend(times.iter().map(|&time| (time, neuron as u32)));
        }
        // A stable sort keeps the order of the spikes of each neuron, and of neurons that spike together.
        events.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut batch = SpikeBatch::new(neurons.len());
        batch
            .push_precise_sample(events)
            .map_err(|source| Reason::Recorded { layer, source })?;
        Ok(batch)
    });
    batches.collect()
}

/// Errors `[neuron][spike]` in the order of the output events.
pub(crate) fn align<T: Real>(
    errors: &[Vec<f64>],
    output: &SpikeBatch<T>,
) -> Result<Vec<T>, Reason> {
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
    let neurons = output.neurons().iter();
    let aligned: Vec<T> = neurons
        .map(|&neuron| {
            let neuron = neuron as usize;
            next[neuron] += 1;
            T::of(errors[neuron][next[neuron] - 1])
        })
        .collect();
    if !aligned.iter().all(|error| error.is_finite()) {
        let what = "output_time_gradient".to_owned();
        return Err(Reason::NotFinite { what });
    }
    Ok(aligned)
}

/// Times in seconds of the only sample, neuron by neuron.
pub(crate) fn by_neuron<T: Real>(events: &SpikeBatch<T>) -> Vec<Vec<f64>> {
    let mut spikes = vec![Vec::new(); events.population()];
    for (spike, &neuron) in events.neurons().iter().enumerate() {
        spikes[neuron as usize].push(events.precise_time(spike));
    }
    spikes
}

fn build_layer<T: Real>(layer: &CaseLayer, index: usize) -> Result<Layer<T>, Reason> {
    let at_layer = |source: LayerError| Reason::Layer {
        layer: index,
        source,
    };
    match layer {
        CaseLayer::Dense { weights, neuron } => {
            let weights = dense_weights(weights, index)?;
            let layer = SpikingLayer::dense(parameters(neuron), weights);
            Ok(with_constants(layer, neuron).map_err(at_layer)?.into())
        }
        CaseLayer::Conv {
            in_shape,
            weights,
            stride,
            padding,
            neuron,
        } => {
            let weights = filters(weights, index)?;
            let window = Window {
                height: weights.shape()[1],
                width: weights.shape()[2],
                stride: *stride,
                padding: *padding,
            };
            let layer = SpikingLayer::conv2d(parameters(neuron), image(*in_shape), window, weights);
            Ok(with_constants(layer, neuron).map_err(at_layer)?.into())
        }
        CaseLayer::Pool { in_shape, size } => {
            let layer = SumPool2d::new(image(*in_shape), *size);
            Ok(layer.map_err(|error| at_layer(error.into()))?.into())
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

/// The constants of the first neuron.
fn parameters(neuron: &CaseNeuron) -> LifParameters {
    LifParameters {
        tau_m: neuron.tau_m.first(),
        tau_s: neuron.tau_s.first(),
        theta: neuron.theta.first(),
        reset: neuron.reset.first(),
        max_spikes: neuron.cap,
        t_max: neuron.t_max,
    }
}

/// The layer with the constants that differ from neuron to neuron.
fn with_constants<T: Real>(
    layer: Result<SpikingLayer<T>, LayerError>,
    neuron: &CaseNeuron,
) -> Result<SpikingLayer<T>, LayerError> {
    let constants = [
        (ParameterKind::Theta, &neuron.theta),
        (ParameterKind::Reset, &neuron.reset),
        (ParameterKind::TauM, &neuron.tau_m),
        (ParameterKind::TauS, &neuron.tau_s),
    ];
    constants
        .into_iter()
        .try_fold(layer?, |layer, (kind, constant)| match constant {
            Constant::Shared(_) => Ok(layer),
            Constant::Individual(values) => {
                layer.with_constants(kind, values.iter().map(|&value| T::of(value)).collect())
            }
        })
}

/// Weights `[out][in]`.
fn dense_weights<T: Real>(rows: &[Vec<f64>], layer: usize) -> Result<Tensor<T>, Reason> {
    let inputs = rows.first().map_or(0, Vec::len);
    for (output, row) in rows.iter().enumerate() {
        same_length(layer, &[output], inputs, row.len())?;
    }
    let values = rows.iter().flatten();
    tensor(layer, &[rows.len(), inputs], values)
}

/// Weights `[filter][ky][kx][channel]`.
fn filters<T: Real>(filters: &[Vec<Vec<Vec<f64>>>], layer: usize) -> Result<Tensor<T>, Reason> {
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
    let values = filters.iter().flatten().flatten().flatten();
    tensor(layer, &[filters.len(), height, width, channels], values)
}

fn tensor<'a, T: Real>(
    layer: usize,
    shape: &[usize],
    values: impl Iterator<Item = &'a f64>,
) -> Result<Tensor<T>, Reason> {
    let values = values.map(|&value| T::of(value)).collect();
    Tensor::new(shape, values).map_err(|source| Reason::Layer {
        layer,
        source: LayerError::Parameter {
            kind: ParameterKind::Weights,
            source,
        },
    })
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
