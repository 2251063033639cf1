//! The experiment of an imported run.

use anyhow::{Context, Result, bail};
use noctule_core::Shape;
use noctule_data::registry::find;
use noctule_nir::Imported;
use noctule_train::Config;
use noctule_train::config::{LayerConfig, NeuronConfig};

use super::super::new::name_of;
use super::layers::layers;
use crate::cli::Import;

/// Where data, encoder, loss and training come from.
pub(super) enum Experiment {
    /// Somebody named them.
    Named(Config),
    /// The graph kept them.
    Kept(Config),
    /// They are to be filled in.
    None,
}

/// An experiment as it is written.
pub(super) struct Written {
    pub config: Config,
    pub text: String,
    /// Whether the data are still to be named.
    pub is_incomplete: bool,
}

/// The experiment with the layers of the network.
pub(super) fn written(
    experiment: Experiment,
    imported: &Imported<f32>,
    options: &Import,
) -> Result<Written> {
    let is_incomplete = matches!(experiment, Experiment::None);
    let (mut config, heading) = match experiment {
        Experiment::Named(config) | Experiment::Kept(config) => (config, String::new()),
        Experiment::None => of_network(imported, options)?,
    };
    let before = (!is_incomplete).then_some(config.layers.as_slice());
    config.layers = layers(imported, before)?;
    config.neuron = shared_constants(&config);
    check_fit(&config, imported)?;
    config
        .check()
        .with_context(|| format!("the experiment of {}", options.file.display()))?;
    Ok(Written {
        text: format!("{heading}{}", config.to_toml()?),
        config,
        is_incomplete,
    })
}

/// The constants of `[neuron]`, if some layer has them; else those of the first layer.
fn shared_constants(config: &Config) -> NeuronConfig {
    let populations = config.layers.iter().filter_map(LayerConfig::population);
    let mut constants = populations.map(|own| NeuronConfig {
        tau_m: own.tau_m,
        tau_s: own.tau_s,
        t_max: own.t_max,
    });
    let first = constants.next();
    let known = config.neuron;
    match first {
        Some(first) if first != known && constants.all(|own| own != known) => first,
        _ => known,
    }
}

/// Refuses data of another shape than the network's inputs, and another number of classes than its outputs, where these are
/// known.
fn check_fit(config: &Config, imported: &Imported<f32>) -> Result<()> {
    let (network, set) = (&imported.network, config.data.set);
    if let Some(population) = config
        .data
        .population
        .filter(|&own| own != network.inputs())
    {
        bail!(
            "the experiment has events of {population} units (data.population), but the network has {} inputs",
            network.inputs()
        );
    }
    let Ok(known) = find(set.name()) else {
        return Ok(());
    };
    let has_bias = config
        .encoder
        .as_ref()
        .is_some_and(|encoder| encoder.bias.is_some());
    let inputs = known.shape.neurons() + usize::from(has_bias);
    let is_other_image = !network.input_shape().is_flat() && network.input_shape() != known.shape;
    if inputs != network.inputs() || is_other_image {
        bail!(
            "the samples of {} have {}, but the network has {}",
            set.name(),
            described(known.shape, inputs),
            described(network.input_shape(), network.inputs())
        );
    }
    if known.classes != network.outputs() {
        bail!(
            "{} has {} classes, but the network has {} outputs; there must be one for each class",
            set.name(),
            known.classes,
            network.outputs()
        );
    }
    Ok(())
}

fn described(shape: Shape, inputs: usize) -> String {
    match shape.is_flat() || shape.neurons() != inputs {
        true => format!("{inputs} inputs"),
        false => format!("{inputs} inputs ({shape}, height x width x channels)"),
    }
}

/// An experiment on data that are to be named, and what is said above it.
fn of_network(imported: &Imported<f32>, options: &Import) -> Result<(Config, String)> {
    let network = &imported.network;
    let (inputs, outputs) = (network.inputs(), network.outputs());
    let takes_images = network
        .layers()
        .first()
        .is_some_and(|layer| layer.input_shape().is_some());
    let (data, data_help) = match takes_images {
        true => (
            "set = \"images\"".to_owned(),
            format!(
                "#   NPZ files with `images` of {} (height x width x channels) and `labels`. Each intensity becomes one spike: see [encoder].\n",
                network.input_shape()
            ),
        ),
        false => (
            format!("set = \"events\"\npopulation = {inputs}\ntime_unit = 1.0"),
            format!(
                "#   NPZ or HDF5 files with the times, units (0 to {}) and labels of the samples; `time_unit` is a unit of the times in seconds.\n",
                inputs - 1
            ),
        ),
    };
    let name = name_of(&options.file);
    let text = format!(
        "\
name = \"{name}\"
[data]
{data}
train = \"train.npz\"
test = \"test.npz\"
[neuron]
tau_m = 1.0
tau_s = 1.0
t_max = 1.0
[[layers]]
kind = \"dense\"
neurons = 1
theta = 1.0
max_spikes = 1
[loss]
kind = \"spike-count\"
target_true = 10
target_false = 2
[optimiser]
kind = \"adam\"
[schedule]
kind = \"cosine\"
[training]
epochs = 20
batch_size = 50
"
    );
    let config = Config::from_toml_str(&text, "the experiment")?;
    let heading = format!(
        "\
# The network is that of a NIR graph; `noctule import` wrote this experiment for it. What it cannot know is to be filled in:
# * data.train and data.test, the files of the samples; relative paths start at this folder. docs/data.md says what they hold:
{data_help}\
# * The last layer has {outputs} neurons, one for each class: labels are from 0 to {}. The class whose neuron spikes most often is
#   predicted (loss `spike-count`); `first-spike` in its place lets the first spike decide.
# Weights are in last.safetensors. `init` has their mean and deviation, for who trains anew.

",
        outputs - 1
    );
    Ok((config, heading))
}
