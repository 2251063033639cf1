//! The `[[layers]]` of an experiment for the layers of a network.

use anyhow::{Result, bail};
use noctule_core::{Connection, Layer, LifParameters, Neurons, SpikingLayer};
use noctule_nir::Imported;
use noctule_train::config::{
    Conv2dConfig, DenseConfig, InitConfig, LayerConfig, NormalInit, SumPool2dConfig,
};

/// The layers, with what is not the network's (initial weights, regularisation) from those of `before`, where these are of
/// the same kind.
pub(super) fn layers(
    imported: &Imported<f32>,
    before: Option<&[LayerConfig]>,
) -> Result<Vec<LayerConfig>> {
    let layers = imported.network.layers().iter().enumerate();
    let spiking_layers = imported.network.spiking_neurons();
    let last = spiking_layers.iter().rposition(|&neurons| neurons > 0);
    let layers = layers.map(|(index, layer)| {
        let node = &imported.nodes[index];
        let before = before.and_then(|layers| layers.get(index));
        match layer {
            Layer::Spiking(layer) => spiking(node, layer, before, last == Some(index)),
            Layer::SumPool2d(pool) => Ok(LayerConfig::SumPool2d(SumPool2dConfig {
                size: pool.size(),
            })),
            _ => bail!("node `{node}` is of a kind that an experiment has no layer for"),
        }
    });
    layers.collect()
}

fn spiking(
    node: &str,
    layer: &SpikingLayer<f32>,
    before: Option<&LayerConfig>,
    is_last: bool,
) -> Result<LayerConfig> {
    // Left out, it is 0 in all but the last layer; it is written so that the experiment is complete.
    let no_boost = (!is_last).then_some(0.0);
    if let Neurons::Individual(_) = layer.neurons()? {
        bail!(
            "node `{node}`: its neurons have different constants, but an experiment has one value for a layer; write the network \
             alone: -o FILE.safetensors"
        );
    }
    let LifParameters {
        tau_m,
        tau_s,
        theta,
        reset,
        max_spikes,
        t_max,
    } = layer.neuron_parameters(0);
    let max_spikes = max_spikes as usize;
    let own = Some(normal(layer));
    Ok(match (*layer.connection(), before) {
        (Connection::Dense { outputs, .. }, before) => {
            let (silent_boost, init, homeostasis) = match before {
                Some(LayerConfig::Dense(before)) => {
                    let before = before.clone();
                    let boost = before.silent_boost.or(no_boost);
                    (boost, before.init.or(own), before.homeostasis)
                }
                _ => (no_boost, own, None),
            };
            LayerConfig::Dense(DenseConfig {
                neurons: outputs,
                dropout: layer.dropout(),
                theta,
                reset,
                max_spikes,
                tau_m,
                tau_s,
                t_max,
                silent_boost,
                init,
                homeostasis,
            })
        }
        (Connection::Conv2d { window, output, .. }, before) => {
            if window.height != window.width {
                bail!(
                    "node `{node}`: its window is {} x {} pixels, but an experiment has square ones; write the network alone: \
                     -o FILE.safetensors",
                    window.height,
                    window.width
                );
            }
            let (silent_boost, init, homeostasis) = match before {
                Some(LayerConfig::Conv2d(before)) => {
                    let before = before.clone();
                    let boost = before.silent_boost.or(no_boost);
                    (boost, before.init.or(own), before.homeostasis)
                }
                _ => (no_boost, own, None),
            };
            LayerConfig::Conv2d(Conv2dConfig {
                filters: output.channels,
                window: window.height,
                stride: window.stride,
                padding: window.padding,
                theta,
                reset,
                max_spikes,
                tau_m,
                tau_s,
                t_max,
                silent_boost,
                init,
                homeostasis,
            })
        }
        _ => bail!("node `{node}` is connected in a way that an experiment has no layer for"),
    })
}

/// Initial weights with the mean and standard deviation of those of the layer, if somebody trains anew.
fn normal(layer: &SpikingLayer<f32>) -> InitConfig {
    let weights = layer.weights().as_slice();
    let count = weights.len() as f64;
    let mean = weights.iter().map(|&weight| f64::from(weight)).sum::<f64>() / count;
    let squares = weights
        .iter()
        .map(|&weight| (f64::from(weight) - mean).powi(2));
    let std = (squares.sum::<f64>() / count).sqrt();
    InitConfig::Normal(NormalInit {
        mean: four_digits(mean),
        std: four_digits(std),
    })
}

/// A number with four digits: exact enough, and short in a file.
fn four_digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}
