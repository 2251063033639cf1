//! The layers of a network in words, and its weights.

use noctule_core::{Connection, Layer, Network, ParameterKind, Shape, SpikingLayer};

use super::data::{Histogram, LayerInfo};

/// Intervals of a histogram of weights.
const INTERVALS: usize = 81;

/// The input, then each layer.
pub(super) fn layers(network: &Network<f32>, bias: bool) -> Vec<LayerInfo> {
    let input = LayerInfo {
        kind: "input".to_owned(),
        label: match bias {
            true => format!("input, {} neurons and a bias neuron", network.inputs() - 1),
            false => format!("input, {}", population(network.input_shape())),
        },
        neurons: network.inputs(),
        weights: 0,
        constants: String::new(),
    };
    let layers = network.layers().iter().map(layer_info);
    std::iter::once(input).chain(layers).collect()
}

fn layer_info(layer: &Layer<f32>) -> LayerInfo {
    let neurons = layer.outputs();
    let (kind, what) = match layer {
        Layer::SumPool2d(pool) => ("sum_pool2d", format!("sum pooling {0} x {0}", pool.size())),
        Layer::Spiking(layer) => match layer.connection() {
            Connection::Conv2d { window, .. } => (
                "conv2d",
                format!("convolution {} x {}", window.height, window.width),
            ),
            _ => ("dense", "dense".to_owned()),
        },
        _ => ("layer", "layer".to_owned()),
    };
    let spiking = layer.spiking();
    LayerInfo {
        kind: kind.to_owned(),
        label: format!("{what}, {}", population(layer.output_shape())),
        neurons,
        weights: spiking.map_or(0, |layer| layer.weights().len()),
        constants: spiking.map_or(String::new(), constants),
    }
}

fn population(shape: Shape) -> String {
    match shape.is_flat() {
        true => format!("{} neurons", shape.channels),
        false => format!("{shape} neurons"),
    }
}

/// The constants of the neurons of a layer, in words.
fn constants(layer: &SpikingLayer<f32>) -> String {
    let common = layer.neuron();
    let of = |kind: ParameterKind, value: f64, unit: &str| {
        let name = match kind {
            ParameterKind::TauM => "membrane time constant",
            ParameterKind::TauS => "synaptic time constant",
            ParameterKind::Theta => "threshold",
            _ => "reset",
        };
        match layer.parameters().contains_key(&kind) {
            true => format!("{name} of each neuron its own"),
            false => format!("{name} {value}{unit}"),
        }
    };
    let mut words = vec![
        of(ParameterKind::TauM, common.tau_m, " s"),
        of(ParameterKind::TauS, common.tau_s, " s"),
        of(ParameterKind::Theta, common.theta, ""),
        of(ParameterKind::Reset, common.reset, ""),
        format!(
            "at most {} until {} s",
            spikes(common.max_spikes),
            common.t_max
        ),
    ];
    if layer.dropout() > 0.0 {
        words.push(format!(
            "dropout {} of the inputs in training",
            layer.dropout()
        ));
    }
    words.join(", ")
}

fn spikes(count: u32) -> String {
    match count {
        1 => "1 spike".to_owned(),
        _ => format!("{count} spikes"),
    }
}

/// For each layer: weights by the peak of the potential that one input spike causes in a neuron at rest, in
/// units of its threshold.
pub(super) fn weights(network: &Network<f32>) -> Vec<Histogram> {
    let layers = network.layers().iter();
    let histograms = layers.map(|layer| match layer.spiking() {
        None => Histogram::default(),
        Some(layer) => Histogram::of(&peaks(layer), INTERVALS),
    });
    histograms.collect()
}

fn peaks(layer: &SpikingLayer<f32>) -> Vec<f64> {
    let weights = layer.weights();
    let mut peaks = Vec::with_capacity(weights.len());
    for row in 0..weights.rows() {
        // The neurons of a filter share its weights; the first stands for all.
        let neuron = layer
            .neuron_parameters(row)
            .evaluated_with_dropout(layer.dropout());
        let scale = neuron.psp_peak() / neuron.theta;
        peaks.extend(
            weights
                .row(row)
                .iter()
                .map(|&weight| f64::from(weight) * scale),
        );
    }
    peaks
}
