//! The untrained network of an experiment.

use noctule_core::{
    Initialiser, Layer, LayerError, LifParameters, Network, NetworkError, Shape, SpikingLayer,
    SumPool2d, Tensor, Window,
};
use noctule_data::Dataset;

use super::error::{ExperimentError, MOST_WEIGHTS};
use super::own_data::is_events;
use crate::config::{Config, Conv2dConfig, DenseConfig, InitConfig, LayerConfig, Population};
use crate::initial;

/// The untrained network of an experiment, for `inputs` input neurons and the classes of `set`.
///
/// # Errors
/// If a layer is invalid, layers do not fit one another, the last layer does not have one neuron for each class, or initial
/// weights are left out or in units of the threshold: [`Trainer::config`](crate::Trainer::config) has numbers for them.
pub fn network(
    config: &Config,
    inputs: usize,
    set: &Dataset,
) -> Result<Network<f32>, ExperimentError> {
    let network = layers(config, inputs, set)?;
    if network.outputs() != set.classes() {
        return Err(ExperimentError::Classes {
            layer: config.layers.len() - 1,
            neurons: network.outputs(),
            classes: set.classes(),
            set: set.name().to_owned(),
        });
    }
    Ok(network)
}

/// As [`network`], whatever the number of classes.
pub(super) fn layers(
    config: &Config,
    inputs: usize,
    set: &Dataset,
) -> Result<Network<f32>, ExperimentError> {
    let shape = set.shape();
    let is_image = shape.neurons() == inputs;
    let takes_images = !matches!(config.layers.first(), Some(LayerConfig::Dense(_)));
    if takes_images && is_events(set) {
        return Err(ExperimentError::EventsInImage);
    }
    match (is_image, takes_images) {
        (true, _) => network_of(config, shape),
        (false, false) => network_of(config, Shape::flat(inputs)),
        (false, true) => Err(ExperimentError::BiasInImage),
    }
}

/// The untrained network of an experiment, for inputs that are laid out like this, whatever the number of classes.
///
/// # Errors
/// As [`network`], but for the classes.
pub fn network_of(config: &Config, input: Shape) -> Result<Network<f32>, ExperimentError> {
    let mut network = Network::image(input)?;
    for (index, layer) in config.layers.iter().enumerate() {
        let layer = match layer {
            LayerConfig::Dense(dense) => dense_layer(&network, config.seed, index, dense)?,
            LayerConfig::Conv2d(conv) => conv2d_layer(&network, config.seed, index, conv)?,
            LayerConfig::SumPool2d(pool) => SumPool2d::new(network.output_shape(), pool.size)
                .map_err(|source| in_network(index, source))?
                .into(),
        };
        network = network.layer(layer)?;
    }
    Ok(network)
}

fn dense_layer(
    network: &Network<f32>,
    seed: u64,
    index: usize,
    dense: &DenseConfig,
) -> Result<Layer<f32>, ExperimentError> {
    let shape = [dense.neurons, network.outputs()];
    let weights = initial_weights(seed, index, dense.population(), &shape)?;
    let layer = SpikingLayer::dense(neuron(dense.population()), weights)
        .and_then(|layer| layer.with_dropout(dense.dropout))
        .map_err(|source| ExperimentError::Layer {
            layer: index,
            source,
        })?;
    Ok(layer.into())
}

fn conv2d_layer(
    network: &Network<f32>,
    seed: u64,
    index: usize,
    conv: &Conv2dConfig,
) -> Result<Layer<f32>, ExperimentError> {
    let image = network.output_shape();
    let window = Window {
        stride: conv.stride,
        padding: conv.padding,
        ..Window::square(conv.window)
    };
    // Before the weights are drawn, so that a window that does not fit is not reported as too many weights.
    window
        .output(image, conv.filters)
        .map_err(|source| in_network(index, source))?;
    let shape = [conv.filters, window.height, window.width, image.channels];
    let weights = initial_weights(seed, index, conv.population(), &shape)?;
    let layer = SpikingLayer::conv2d(neuron(conv.population()), image, window, weights);
    Ok(layer
        .map_err(|source| match source {
            LayerError::Window(source) => in_network(index, source),
            source => ExperimentError::Layer {
                layer: index,
                source,
            },
        })?
        .into())
}

/// A layer that does not fit what the layers before it put out.
fn in_network(layer: usize, source: impl Into<LayerError>) -> ExperimentError {
    let source = source.into();
    NetworkError::Layer { layer, source }.into()
}

fn neuron(population: Population<'_>) -> LifParameters {
    LifParameters {
        tau_m: population.tau_m,
        tau_s: population.tau_s,
        theta: population.theta,
        reset: population.reset,
        max_spikes: u32::try_from(population.max_spikes).unwrap_or(u32::MAX),
        t_max: population.t_max,
    }
}

/// Weights of this shape, drawn in row-major order from a stream of the layer's own.
fn initial_weights(
    seed: u64,
    layer: usize,
    population: Population<'_>,
    shape: &[usize],
) -> Result<Tensor<f32>, ExperimentError> {
    let (outputs, per_output) = (shape[0], &shape[1..]);
    let inputs = per_output.iter().copied().fold(1, usize::saturating_mul);
    if outputs.saturating_mul(inputs) > MOST_WEIGHTS {
        return Err(ExperimentError::TooManyWeights {
            layer,
            outputs,
            inputs,
        });
    }
    let init = population
        .init
        .ok_or(ExperimentError::UnknownInit { layer })?;
    Ok(initial::initial_weights(
        &initialiser(layer, init)?,
        seed,
        layer,
        shape,
    ))
}

/// The distribution of the initial weights of a layer.
pub(super) fn initialiser(layer: usize, init: &InitConfig) -> Result<Initialiser, ExperimentError> {
    match init {
        InitConfig::Uniform(uniform) => Initialiser::uniform(uniform.low, uniform.high),
        InitConfig::Normal(normal) => Initialiser::normal(normal.mean, normal.std),
        InitConfig::Threshold(_) => return Err(ExperimentError::UnknownInit { layer }),
    }
    .map_err(|source| ExperimentError::Initialiser { layer, source })
}
