//! How the inputs of a run's network are laid out.

use std::path::Path;

use anyhow::{Context, Result};
use noctule_core::Shape;
use noctule_data::Split;
use noctule_data::registry::find;
use noctule_train::config::DataSet;
use noctule_train::{Checkpoint, Config, Data, SampleOrder};

/// How the inputs of a run's network are laid out, which [`trained_network`](noctule_train::trained_network) needs. Only for
/// images of the user's own are data read, from `data_dir`.
///
/// # Errors
/// If the checkpoint, or the data that are needed, cannot be read.
pub fn input_shape(config: &Config, checkpoint: &Path, data_dir: Option<&Path>) -> Result<Shape> {
    if config.data.set == DataSet::Images {
        let samples = Data::load_part(config, data_dir, Split::Test, SampleOrder::File)
            .context("the shape of the images is needed")?;
        return Ok(samples.shape());
    }
    // The weights know how many inputs there are: the encoder may add one, and events may come from any number of units.
    let checkpoint = Checkpoint::load(checkpoint)?;
    let weights = checkpoint.tensors.get("layers.0.weights");
    let inputs = weights.and_then(|weights| weights.shape.get(1).copied());
    let known = find(config.data.set.name()).ok().map(|known| known.shape);
    Ok(match (known, inputs) {
        (Some(known), Some(inputs)) if config.layers[0].neurons().is_some() => {
            if known.neurons() == inputs {
                known
            } else {
                Shape::flat(inputs)
            }
        }
        (Some(known), _) => known,
        (None, inputs) => Shape::flat(inputs.unwrap_or(0)),
    })
}
