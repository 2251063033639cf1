//! Samples in files of the user's own.

use std::path::{Path, PathBuf};

use noctule_core::{Shape, SumPool2d, Window};
use noctule_data::files::{EventOptions, FileSamples, load_events, load_images};
use noctule_data::{Dataset, DatasetError, Samples, Split};

use super::error::ExperimentError;
use super::own_error::OwnDataError;
use crate::config::{Config, DataConfig, DataSet, LayerConfig};

/// A key of `[data]`, and the file that it names.
pub(super) struct OwnFile {
    key: &'static str,
    path: PathBuf,
}

impl OwnFile {
    /// The file of a part of the samples. Relative paths start at `directory`, else at the folder of the experiment file.
    pub fn of(data: &DataConfig, directory: Option<&Path>, split: Split) -> Self {
        let (key, file) = match split {
            Split::Test => ("data.test", &data.test),
            Split::Train | Split::Validation => ("data.train", &data.train),
        };
        let file = file.clone().unwrap_or_default();
        let folder = directory.or(data.folder.as_deref());
        Self {
            key,
            path: folder.map_or(file.clone(), |folder| folder.join(file)),
        }
    }

    /// Loads the samples. `like` is the training set, whose population and shape the test samples must have.
    pub fn load(
        &self,
        data: &DataConfig,
        like: Option<&Dataset>,
    ) -> Result<Dataset, ExperimentError> {
        let key = self.key;
        let unusable = |source| Box::new(OwnDataError::File { key, source });
        let read = match data.set {
            DataSet::Images => load_images(&self.path).map_err(unusable)?,
            _ => {
                let of_training = like.map(|train| train.shape().neurons());
                let options = EventOptions {
                    time_unit: data.time_unit.unwrap_or(1.0),
                    population: data.population.or(of_training),
                };
                load_events(&self.path, &options).map_err(unusable)?
            }
        };
        let set = self.labelled(read)?;
        match like {
            Some(train) if train.shape() != set.shape() => {
                let error = OwnDataError::Shape {
                    key,
                    path: self.path.clone(),
                    shape: set.shape(),
                    expected: train.shape(),
                };
                Err(Box::new(error).into())
            }
            _ => Ok(set),
        }
    }

    /// The samples with their labels, and as many classes as these need.
    fn labelled(&self, read: FileSamples) -> Result<Dataset, ExperimentError> {
        let classes = read.classes().unwrap_or(0);
        let Some(labels) = read.labels else {
            let (key, path) = (self.key, self.path.clone());
            return Err(Box::new(OwnDataError::NoLabels { key, path }).into());
        };
        let name = self.path.display().to_string();
        Ok(Dataset::of_samples(name, classes, read.samples, labels)?)
    }
}

/// Samples of the user's own with a class for each neuron of the last layer; known sets as they are.
pub(super) fn with_classes(
    set: Dataset,
    config: &Config,
    split: Split,
) -> Result<Dataset, ExperimentError> {
    // Layers that do not fit are reported when the network is made.
    let classes = outputs(&config.layers, set.shape());
    let Some(classes) = classes.filter(|_| config.data.set.is_own()) else {
        return Ok(set);
    };
    let file = set.name().to_owned();
    set.with_classes(classes).map_err(|error| match error {
        DatasetError::Label {
            sample,
            label,
            classes,
            ..
        } => Box::new(OwnDataError::Label {
            key: OwnFile::of(&config.data, None, split).key,
            file,
            sample,
            label,
            classes,
            layer: config.layers.len().saturating_sub(1),
        })
        .into(),
        other => ExperimentError::Validation(other),
    })
}

/// The number of neurons of the last layer; `None` if the layers do not fit one another.
pub(super) fn outputs(layers: &[LayerConfig], input: Shape) -> Option<usize> {
    let shape = layers.iter().try_fold(input, |input, layer| match layer {
        LayerConfig::Dense(dense) => Some(Shape::flat(dense.neurons)),
        LayerConfig::Conv2d(conv) => {
            let window = Window {
                stride: conv.stride,
                padding: conv.padding,
                ..Window::square(conv.window)
            };
            window.output(input, conv.filters).ok()
        }
        LayerConfig::SumPool2d(pool) => {
            let pool = SumPool2d::new(input, pool.size).ok()?;
            Some(pool.output_shape())
        }
    });
    shape.map(|shape| shape.neurons())
}

/// Whether the samples are events, which have no rows and columns.
pub(super) fn is_events(set: &Dataset) -> bool {
    matches!(set.samples(), Samples::Events(_))
}
