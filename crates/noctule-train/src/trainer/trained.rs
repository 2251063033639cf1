//! The trained network of an experiment, without its samples.

use std::path::Path;

use noctule_core::{Network, Shape};

use super::error::TrainError;
use super::weights::{LAYERS, read_weights, set_weights};
use crate::checkpoint::Checkpoint;
use crate::config::{Config, DataSet};
use crate::experiment::{encoding, layers};

/// The network of an experiment on samples of this shape, with the weights of a checkpoint (the running mean, if there is
/// one).
///
/// # Errors
/// If the experiment does not fit the shape, or the checkpoint cannot be read or belongs to another network.
pub fn trained_network(
    config: &Config,
    shape: Shape,
    checkpoint: &Path,
) -> Result<Network<f32>, TrainError> {
    let is_events = config.data.set == DataSet::Events;
    let inputs = match is_events {
        true => shape.neurons(),
        false => encoding(config)?.population(&shape),
    };
    let mut network = layers(config, inputs, shape, is_events)?;
    let loaded = Checkpoint::load(checkpoint)?;
    let weights = read_weights(&network, &loaded, LAYERS);
    let weights = weights.map_err(|cause| TrainError::State {
        path: checkpoint.to_owned(),
        cause,
    })?;
    set_weights(&mut network, &weights);
    Ok(network)
}
