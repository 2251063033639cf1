//! From a configuration to the things it names: data, encoder, network, loss, guards.

use std::path::Path;

use noctule_core::{
    Conv2d, CountSoftmax, Dense, DropoutError, EarlyPull, Guards, Homeostasis, Initialiser,
    InitialiserError, Layer, LayerGuards, Lif, LifParameters, Loss, Network, NeuronError,
    ShapeError, SpikeCount, SpikeTime, SumPool2d, TimeToFirstSpike, Weights, Window,
};
use noctule_data::{
    Augmentation, Dataset, DatasetError, EncodeError, LatencyEncoder, LoadError, Split,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use crate::config::{Config, DataSet, InitConfig, LayerConfig, LossConfig, Population};

/// The most weights of a layer; training holds at least four numbers for each.
const MOST_WEIGHTS: usize = 500_000_000;

/// A configuration that names things that do not fit together, or data that cannot be loaded.
#[derive(Debug, Error)]
pub enum ExperimentError {
    /// The data.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The validation part.
    #[error("data.validation: {0}")]
    Validation(#[from] DatasetError),
    /// The encoder.
    #[error("encoder: {0}")]
    Encoder(#[from] EncodeError),
    /// The constants of a neuron.
    #[error("layers.{layer}: {source}")]
    Neuron {
        /// Index of the layer.
        layer: usize,
        /// What is wrong.
        source: NeuronError,
    },
    /// The dropout of a layer.
    #[error("layers.{layer}: {source}")]
    Dropout {
        /// Index of the layer.
        layer: usize,
        /// What is wrong.
        source: DropoutError,
    },
    /// The initial weights of a layer.
    #[error("layers.{layer}.init: {source}")]
    Initialiser {
        /// Index of the layer.
        layer: usize,
        /// What is wrong.
        source: InitialiserError,
    },
    /// The shapes of the layers.
    #[error("layers: {0}")]
    Shape(#[from] ShapeError),
    /// A layer looks at images, but the encoder's bias is no pixel.
    #[error(
        "layers.0 looks at images, but encoder.bias adds an input that is no pixel; leave encoder.bias out, or use dense layers"
    )]
    BiasInImage,
    /// A layer has more weights than any machine should be asked for.
    #[error(
        "layers.{layer}: {outputs} neurons or filters with {inputs} inputs each have more than {MOST_WEIGHTS} weights"
    )]
    TooManyWeights {
        /// Index of the layer.
        layer: usize,
        /// Its neurons, or filters.
        outputs: usize,
        /// Inputs of each.
        inputs: usize,
    },
    /// The last layer does not have a neuron for each class.
    #[error(
        "layers.{layer} has {neurons} neurons, but the last layer needs one for each of the {classes} classes of {set}"
    )]
    Classes {
        /// Index of the last layer.
        layer: usize,
        /// Its neurons.
        neurons: usize,
        /// Classes of the data set.
        classes: usize,
        /// Name of the data set.
        set: String,
    },
}

/// The samples of an experiment.
#[derive(Clone, Debug)]
pub struct Data {
    /// What the weights are fitted to.
    pub train: Dataset,
    /// What the best epoch is chosen by, if any is held out.
    pub validation: Option<Dataset>,
    /// What nothing is chosen by.
    pub test: Dataset,
}

/// A loss of any kind, in training precision.
pub type AnyLoss = Box<dyn Loss<f32> + Send + Sync>;

impl DataSet {
    /// The name the data registry knows the set by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::FashionMnist => "fashion-mnist",
            Self::EmnistBalanced => "emnist-balanced",
            Self::SpikeOrder => "spike-order",
            Self::YinYang => "yin-yang",
        }
    }
}

impl Data {
    /// Loads the data of an experiment from `directory`, or from where [`noctule_data::data_directory`] says.
    ///
    /// # Errors
    /// If files are missing or broken, or the validation part leaves nothing to train with.
    pub fn load(config: &Config, directory: Option<&Path>) -> Result<Self, ExperimentError> {
        let name = config.data.set.name();
        let load = |split| noctule_data::load(name, split, directory, config.seed);
        let (train, test) = (load(Split::Train)?, load(Split::Test)?);
        let (train, validation) = match (config.data.set, config.data.validation) {
            (DataSet::YinYang, _) => (train, Some(load(Split::Validation)?)),
            (_, 0) => (train, None),
            (_, held_out) => {
                let (train, validation) = train.split(held_out, config.seed)?;
                (train, Some(validation))
            }
        };
        Ok(Self {
            train,
            validation,
            test,
        })
    }
}

/// How the training samples of an experiment are changed at random, if they are.
pub fn augmentation(config: &Config) -> Option<Augmentation> {
    let augmentation = Augmentation::from(config.augmentation.as_ref()?);
    (!augmentation.is_none()).then_some(augmentation)
}

/// The encoder of an experiment.
///
/// # Errors
/// If its times cannot be.
pub fn encoder(config: &Config) -> Result<LatencyEncoder, ExperimentError> {
    let encoder = &config.encoder;
    let latency = LatencyEncoder::new(encoder.earliest, encoder.latest)?
        .with_silent_zero(encoder.silent_zero);
    Ok(match encoder.bias {
        Some(time) => latency.with_bias(time)?,
        None => latency,
    })
}

/// The untrained network of an experiment, for `inputs` input neurons and the classes of `set`.
///
/// # Errors
/// If constants or shapes cannot be, or the last layer does not have one neuron for each class.
pub fn network(
    config: &Config,
    inputs: usize,
    set: &Dataset,
) -> Result<Network<f32>, ExperimentError> {
    let shape = set.shape();
    let is_image = shape.neurons() == inputs;
    let looks_at_image = !matches!(config.layers.first(), Some(LayerConfig::Dense(_)));
    let mut network = match (is_image, looks_at_image) {
        (true, _) => Network::image(shape)?,
        (false, false) => Network::new(inputs)?,
        (false, true) => return Err(ExperimentError::BiasInImage),
    };
    for (index, layer) in config.layers.iter().enumerate() {
        network = add_layer(network, config.seed, index, layer)?;
    }
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

fn add_layer(
    network: Network<f32>,
    seed: u64,
    index: usize,
    layer: &LayerConfig,
) -> Result<Network<f32>, ExperimentError> {
    let window_error = |source| ShapeError::Window {
        layer: index,
        source,
    };
    let layer: Layer<f32> = match layer {
        LayerConfig::Dense(dense) => {
            let (outputs, inputs) = (dense.neurons, network.outputs());
            let weights = initial_weights(seed, index, dense.population(), outputs, inputs)?;
            let layer = Dense::new(neuron(index, dense.population())?, weights)?;
            let layer = layer.with_dropout(dense.dropout);
            let dropout_error = |source| ExperimentError::Dropout {
                layer: index,
                source,
            };
            layer.map_err(dropout_error)?.into()
        }
        LayerConfig::Conv2d(conv) => {
            let image = network.output_shape();
            let window = Window {
                stride: conv.stride,
                padding: conv.padding,
                ..Window::square(conv.window)
            };
            // Before the weights are drawn, so that a window that does not fit is not reported as too many weights.
            window.places(image).map_err(window_error)?;
            let inputs = Conv2d::<f32>::weights_per_filter(image, window);
            let weights = initial_weights(seed, index, conv.population(), conv.filters, inputs)?;
            let layer = Conv2d::new(neuron(index, conv.population())?, image, window, weights);
            layer.map_err(window_error)?.into()
        }
        LayerConfig::SumPool2d(pool) => {
            let layer = SumPool2d::new(network.output_shape(), pool.size);
            layer.map_err(window_error)?.into()
        }
    };
    Ok(network.layer(layer)?)
}

fn neuron(layer: usize, population: Population<'_>) -> Result<Lif<f32>, ExperimentError> {
    Lif::new(&LifParameters {
        tau_m: population.tau_m,
        tau_s: population.tau_s,
        theta: population.theta,
        reset: population.reset,
        max_spikes: u32::try_from(population.max_spikes).unwrap_or(u32::MAX),
        t_max: population.t_max,
    })
    .map_err(|source| ExperimentError::Neuron { layer, source })
}

fn initial_weights(
    seed: u64,
    layer: usize,
    population: Population<'_>,
    outputs: usize,
    inputs: usize,
) -> Result<Weights<f32>, ExperimentError> {
    let initialiser = match population.init {
        InitConfig::Uniform(uniform) => Initialiser::uniform(uniform.low, uniform.high),
        InitConfig::Normal(normal) => Initialiser::normal(normal.mean, normal.std),
    }
    .map_err(|source| ExperimentError::Initialiser { layer, source })?;
    if outputs.saturating_mul(inputs) > MOST_WEIGHTS {
        return Err(ExperimentError::TooManyWeights {
            layer,
            outputs,
            inputs,
        });
    }
    let mut weights = Weights::zeros(outputs, inputs);
    initialiser.fill(
        &mut weights,
        &mut random(seed, Purpose::Weights, layer as u64),
    );
    Ok(weights)
}

/// The loss of an experiment.
pub fn loss(config: &Config) -> AnyLoss {
    // The constants of the last layer: its spikes are what the loss looks at.
    let last = config.layers.iter().rev().find_map(LayerConfig::population);
    let (silent_time, tau_s) = last.map_or((config.neuron.t_max, config.neuron.tau_s), |last| {
        (last.t_max, last.tau_s)
    });
    match &config.loss {
        LossConfig::SpikeCount(loss) => Box::new(SpikeCount {
            target_true: loss.target_true,
            target_false: loss.target_false,
        }),
        LossConfig::CountSoftmax(loss) => Box::new(CountSoftmax {
            temperature: loss.temperature,
        }),
        LossConfig::FirstSpike(loss) => Box::new(TimeToFirstSpike {
            temperature: loss.temperature,
            silent_time,
            early_pull: loss.early_pull_time.map(|time| EarlyPull {
                strength: loss.early_pull,
                time,
            }),
        }),
        LossConfig::SpikeTime(loss) => Box::new(SpikeTime {
            target_true: loss.target_true,
            target_false: loss.target_false,
            scale: tau_s,
            silent_time,
        }),
    }
}

/// The guards of an experiment.
pub fn guards(config: &Config) -> Guards {
    Guards {
        max_inverse_slope: config.training.max_inverse_slope,
        layers: config
            .layers
            .iter()
            .map(|layer| {
                let Some(population) = layer.population() else {
                    return LayerGuards::default();
                };
                LayerGuards {
                    homeostasis: population.homeostasis.map(|homeostasis| Homeostasis {
                        target: homeostasis.target,
                        strength: homeostasis.strength,
                    }),
                    silent_boost: population.silent_boost,
                }
            })
            .collect(),
    }
}

/// What random numbers are for: every purpose has its own stream, so that none depends on what another drew.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Weights = 1,
    Shuffle = 2,
    Dropout = 3,
}

/// The random numbers of one purpose and index (a layer, an epoch).
pub(crate) fn random(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(((purpose as u64) << 48) | index);
    random
}
