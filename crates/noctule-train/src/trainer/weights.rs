//! The weights of a network in a checkpoint.

use noctule_core::{Network, ParameterKind, Tensor as CoreTensor, TensorName, Tensors};

use super::state_error::StateError;
use crate::checkpoint::{Checkpoint, Tensor};

/// The prefix of the weights that a network is evaluated with.
pub(super) const LAYERS: &str = "layers";

/// The prefix of the weights in training, if those at [`LAYERS`] are a running mean of them.
pub(super) const IN_TRAINING: &str = "in_training";

/// The weights at a prefix, in the shapes of the network's parameters. Those of a convolution may be stored in their own
/// shape, `[filter][ky][kx][channel]`, or as a matrix with a row for each filter.
///
/// # Errors
/// If weights are missing, have another shape, or belong to a layer that the network does not have.
pub(super) fn read_weights(
    network: &Network<f32>,
    checkpoint: &Checkpoint,
    prefix: &str,
) -> Result<Tensors<f32>, StateError> {
    let mut restored = Tensors::new();
    for (layer, weights) in network.indexed_weights() {
        let name = weights_name(prefix, layer);
        let Some(tensor) = checkpoint.tensors.get(&name) else {
            return Err(StateError::Missing { name });
        };
        let matrix = vec![weights.rows(), weights.row_len()];
        let fits = tensor.shape == matrix || tensor.shape == weights.shape();
        match CoreTensor::new(weights.shape(), tensor.values.clone()) {
            Ok(weights) if fits => {
                restored.insert(TensorName::weights(layer), weights);
            }
            _ => {
                return Err(StateError::Shape {
                    name,
                    expected: matrix,
                    found: tensor.shape.clone(),
                });
            }
        }
    }
    let layers = network.indexed_weights();
    let expected: Vec<String> = layers
        .map(|(layer, _)| weights_name(LAYERS, layer))
        .collect();
    let beyond =
        |(name, _): &(&String, &Tensor)| name.starts_with(LAYERS) && !expected.contains(name);
    match checkpoint.tensors.iter().find(beyond) {
        None => Ok(restored),
        Some((name, tensor)) => Err(StateError::Unknown {
            name: name.clone(),
            found: tensor.shape.clone(),
        }),
    }
}

/// Overwrites the weights of a network with those of a session or a checkpoint.
pub(super) fn set_weights(network: &mut Network<f32>, weights: &Tensors<f32>) {
    for (name, tensor) in weights {
        let layer = network.layers_mut().get_mut(name.layer);
        let layer = layer.and_then(|layer| layer.spiking_mut());
        if let Some(values) = layer.and_then(|layer| layer.parameter_mut(name.kind)) {
            values.copy_from_slice(tensor.as_slice());
        }
    }
}

/// Adds weights to a checkpoint, each as a matrix with a row for each neuron or filter.
pub(super) fn insert_weights(checkpoint: &mut Checkpoint, prefix: &str, weights: Tensors<f32>) {
    for (layer, tensor) in weights_of(weights) {
        let shape = vec![tensor.rows(), tensor.row_len()];
        let values = tensor.into_values();
        checkpoint.insert(weights_name(prefix, layer), Tensor { shape, values });
    }
}

/// The weights among the tensors of a group, with their layers.
pub(super) fn weights_of(tensors: Tensors<f32>) -> impl Iterator<Item = (usize, CoreTensor<f32>)> {
    let weights = |name: &TensorName| name.kind == ParameterKind::Weights;
    let tensors = tensors.into_iter();
    tensors.filter_map(move |(name, tensor)| weights(&name).then_some((name.layer, tensor)))
}

fn weights_name(prefix: &str, layer: usize) -> String {
    format!("{prefix}.{layer}.weights")
}
