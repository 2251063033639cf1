//! Trained networks without a trainer: from a run, and into one.

use std::path::Path;

use noctule_core::{Network, ParameterKind, Shape, TensorName};

use super::error::TrainError;
use super::weights::{LAYERS, insert_weights, read_weights, set_weights};
use crate::checkpoint::Checkpoint;
use crate::config::Config;
use crate::experiment;

/// The network of an experiment with the weights of a checkpoint (the running mean, if there is one), for inputs that are laid
/// out like this. No data are read.
///
/// # Errors
/// If the layers do not fit the inputs, or the checkpoint cannot be read or belongs to another network.
pub fn trained_network(
    config: &Config,
    input: Shape,
    checkpoint: &Path,
) -> Result<Network<f32>, TrainError> {
    let mut network = experiment::network_of(config, input)?;
    load_trained(&mut network, checkpoint)?;
    Ok(network)
}

/// The weights of a network as a checkpoint: a run can be evaluated and begun with it, but not resumed.
///
/// ```
/// use noctule_core::{Initialiser, LifParameters, Network};
/// use noctule_train::weights_checkpoint;
///
/// let neuron = LifParameters {
///     tau_m: 0.02, tau_s: 0.01, theta: 1.0, reset: 1.0, max_spikes: 5, t_max: 0.1,
/// };
/// let network = Network::new(4)?.dense(3, &neuron, Initialiser::uniform(0.0, 400.0)?, 1)?;
/// let checkpoint = weights_checkpoint(&network);
/// assert_eq!(checkpoint.tensors["layers.0.weights"].shape, [3, 4]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn weights_checkpoint(network: &Network<f32>) -> Checkpoint {
    let kind = ParameterKind::Weights;
    let weights = network.indexed_weights();
    let weights = weights.map(|(layer, weights)| (TensorName { layer, kind }, weights.clone()));
    let mut checkpoint = Checkpoint::default();
    insert_weights(&mut checkpoint, LAYERS, weights.collect());
    checkpoint
}

/// Overwrites the weights of a network with those that a checkpoint is evaluated with, and returns the checkpoint.
pub(super) fn load_trained(
    network: &mut Network<f32>,
    path: &Path,
) -> Result<Checkpoint, TrainError> {
    let checkpoint = Checkpoint::load(path)?;
    let weights = read_weights(network, &checkpoint, LAYERS);
    let weights = weights.map_err(|cause| TrainError::State {
        path: path.to_owned(),
        cause,
    })?;
    set_weights(network, &weights);
    Ok(checkpoint)
}
