//! Samples to classify that are not those of an experiment's data set.

use std::path::Path;

use noctule_data::Dataset;
use noctule_data::files::{EventOptions, FileSamples, load_events, load_images};
use noctule_data::registry::find;

use super::error::ExperimentError;
use super::input_error::InputError;
use super::own_data::outputs;
use crate::config::{Config, DataSet};

/// Samples of a file, with a class for each neuron of an experiment's last layer.
#[derive(Clone, Debug)]
pub struct Input {
    /// The samples; without labels, all have the class 0.
    pub samples: Dataset,
    /// Whether the file has labels.
    pub has_labels: bool,
}

/// Loads a file of events, for an experiment on events, or else of images.
///
/// # Errors
/// If the file cannot be read, is damaged or has samples of the other kind or of another shape, or a label has no output
/// neuron.
pub fn load_input(config: &Config, path: &Path) -> Result<Input, ExperimentError> {
    Ok(load(config, path).map_err(Box::new)?)
}

fn load(config: &Config, path: &Path) -> Result<Input, InputError> {
    let data = &config.data;
    let read = match data.set {
        DataSet::Events => {
            let options = EventOptions {
                time_unit: data.time_unit.unwrap_or(1.0),
                population: data.population,
            };
            load_events(path, &options)?
        }
        _ => load_images(path)?,
    };
    check_shape(config, path, &read)?;
    let classes = outputs(&config.layers, read.samples.shape());
    let classes = classes.or(read.classes()).unwrap_or(1);
    let has_labels = read.labels.is_some();
    let unlabelled = vec![0; read.len()];
    let labels = read.labels.unwrap_or(unlabelled);
    let name = path.display().to_string();
    Ok(Input {
        samples: Dataset::of_samples(name, classes, read.samples, labels)?,
        has_labels,
    })
}

/// Images for a network that was trained on a known set have the shape of its images.
fn check_shape(config: &Config, path: &Path, read: &FileSamples) -> Result<(), InputError> {
    let set = config.data.set;
    let (Ok(known), false) = (find(set.name()), set.is_own()) else {
        return Ok(());
    };
    let (expected, found) = (known.shape, read.samples.shape());
    if expected == found {
        return Ok(());
    }
    Err(InputError::Shape {
        path: path.to_owned(),
        set: set.name(),
        found,
        expected,
    })
}
