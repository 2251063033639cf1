//! Saves and loads a [`Network`]: tensors and a description in one safetensors file, which Python can read as well.
//!
//! Tensors are named `layers.N.weights`, `layers.N.theta` and so on. The description (shapes, constants, kinds of
//! layers) is JSON under the metadata key `noctule_network`.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::{fs, io};

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::layer::Layer;
use crate::layer::error::LayerError;
use crate::layer::parameter::ParameterKind;
use crate::layer::spiking::{Connection, SpikingLayer};
use crate::layer::sum_pool2d::SumPool2d;
use crate::network::error::NetworkError;
use crate::network::feed_forward::Network;
use crate::network::replace::replace_file;
use crate::neuron::parameters::LifParameters;
use crate::real::Real;
use crate::shape::{Shape, Window};
use crate::tensor::{Tensor, TensorError};

/// The metadata key of the description.
const KEY: &str = "noctule_network";

/// Why a network could not be saved or loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NetworkFileError {
    /// The file cannot be read.
    #[error("cannot read `{}`: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        cause: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write `{}`: {cause}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        cause: io::Error,
    },
    /// The file is not in the safetensors format, or damaged.
    #[error("`{}` is not a safetensors file, or it is damaged: {cause}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The error of the reader.
        cause: SafeTensorError,
    },
    /// The file has no description of a network that this version understands.
    #[error(
        "`{}` has no description of a network ({problem}); was it written by `Network::save`?",
        path.display()
    )]
    Description {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A tensor of the description is missing, or neither f32 nor f64.
    #[error("`{}`: the tensor `{name}` {problem}", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// The layers do not fit one another.
    #[error("`{}`: {source}", path.display())]
    Network {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: NetworkError,
    },
}

/// Everything but the tensors.
#[derive(Deserialize, Serialize)]
struct Description {
    input: Shape,
    layers: Vec<LayerDescription>,
}

#[derive(Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum LayerDescription {
    Dense {
        neuron: LifParameters,
        dropout: f64,
        /// Constants that differ from neuron to neuron: these are tensors.
        constants: Vec<ParameterKind>,
    },
    Conv2d {
        neuron: LifParameters,
        window: Window,
        constants: Vec<ParameterKind>,
    },
    SumPool2d {
        size: usize,
    },
}

impl LayerDescription {
    fn new<T: Real>(layer: &Layer<T>) -> Self {
        let layer = match layer {
            Layer::Spiking(layer) => layer,
            Layer::SumPool2d(layer) => return Self::SumPool2d { size: layer.size() },
        };
        let neuron = *layer.neuron();
        let kinds = layer.parameters().keys().copied();
        let constants = kinds
            .filter(|kind| *kind != ParameterKind::Weights)
            .collect();
        match *layer.connection() {
            Connection::Dense { .. } => Self::Dense {
                neuron,
                dropout: layer.dropout(),
                constants,
            },
            Connection::Conv2d { window, .. } => Self::Conv2d {
                neuron,
                window,
                constants,
            },
        }
    }
}

impl<T: Real> Network<T> {
    /// Writes the network to a file. An existing file is replaced only once the new one is complete.
    ///
    /// ```
    /// use noctule_core::{Initialiser, LifParameters, Network};
    ///
    /// let neuron = LifParameters {
    ///     tau_m: 0.020, tau_s: 0.010, theta: 1.0, reset: 1.0, max_spikes: 5, t_max: 0.1,
    /// };
    /// let network = Network::<f32>::new(4)?.dense(3, &neuron, Initialiser::uniform(0.0, 400.0)?, 1)?;
    /// let path = std::env::temp_dir().join(format!("network-{}.safetensors", std::process::id()));
    /// network.save(&path)?;
    /// assert_eq!(Network::load(&path)?, network);
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), NetworkFileError> {
        let path = path.as_ref();
        let failed = |cause| NetworkFileError::Write {
            path: path.to_owned(),
            cause,
        };
        let bytes = self.to_bytes().map_err(failed)?;
        replace_file(path, &bytes).map_err(failed)
    }

    fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let description = Description {
            input: self.input_shape(),
            layers: self.layers().iter().map(LayerDescription::new).collect(),
        };
        let description = serde_json::to_string(&description)?;
        let mut tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)> = BTreeMap::new();
        for (index, layer) in self.layers().iter().enumerate() {
            let parameters = layer.spiking().map(SpikingLayer::parameters);
            for (kind, tensor) in parameters.into_iter().flatten() {
                let values = tensor.as_slice().iter();
                let bytes = values.flat_map(|&value| value.to_le_bytes_vec()).collect();
                let name = format!("layers.{index}.{kind}");
                tensors.insert(name, (tensor.shape().to_vec(), bytes));
            }
        }
        let dtype = if size_of::<T>() == size_of::<f32>() {
            Dtype::F32
        } else {
            Dtype::F64
        };
        let views = tensors.iter().map(|(name, (shape, bytes))| {
            TensorView::new(dtype, shape.clone(), bytes).map(|view| (name.as_str(), view))
        });
        let views: Vec<_> = views.collect::<Result<_, _>>().map_err(io::Error::other)?;
        let metadata = HashMap::from([(KEY.to_owned(), description)]);
        safetensors::serialize(views, Some(metadata)).map_err(io::Error::other)
    }

    /// Reads a network that [`save`](Self::save) wrote, in either precision.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, or does not contain a network.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, NetworkFileError> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|cause| NetworkFileError::Read {
            path: path.to_owned(),
            cause,
        })?;
        Reader { path }.network(&bytes)
    }
}

/// The reader of one file.
struct Reader<'a> {
    path: &'a Path,
}

impl Reader<'_> {
    fn network<T: Real>(&self, bytes: &[u8]) -> Result<Network<T>, NetworkFileError> {
        let format = |cause| NetworkFileError::Format {
            path: self.path.to_owned(),
            cause,
        };
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(format)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(format)?;
        let metadata = metadata.metadata().as_ref();
        let text = metadata.and_then(|metadata| metadata.get(KEY));
        let text = text.ok_or_else(|| self.undescribed(format!("the key `{KEY}` is missing")))?;
        let description: Description =
            serde_json::from_str(text).map_err(|error| self.undescribed(error.to_string()))?;
        let misfit = |source| NetworkFileError::Network {
            path: self.path.to_owned(),
            source,
        };
        let mut network = Network::image(description.input).map_err(misfit)?;
        for (index, layer) in description.layers.iter().enumerate() {
            let image = network.output_shape();
            let layer = self.layer(&tensors, index, layer, image)?;
            network = network.layer(layer).map_err(misfit)?;
        }
        Ok(network)
    }

    fn layer<T: Real>(
        &self,
        tensors: &SafeTensors<'_>,
        index: usize,
        layer: &LayerDescription,
        image: Shape,
    ) -> Result<Layer<T>, NetworkFileError> {
        let misfit = |source| NetworkFileError::Network {
            path: self.path.to_owned(),
            source: NetworkError::Layer {
                layer: index,
                source,
            },
        };
        let weights = || self.tensor(tensors, index, ParameterKind::Weights);
        let (mut layer, constants) = match layer {
            LayerDescription::SumPool2d { size } => {
                let layer = SumPool2d::new(image, *size).map_err(LayerError::from);
                return Ok(layer.map_err(misfit)?.into());
            }
            LayerDescription::Dense {
                neuron,
                dropout,
                constants,
            } => {
                let layer = SpikingLayer::dense(*neuron, weights()?);
                let layer = layer.and_then(|layer| layer.with_dropout(*dropout));
                (layer.map_err(misfit)?, constants)
            }
            LayerDescription::Conv2d {
                neuron,
                window,
                constants,
            } => {
                let layer = SpikingLayer::conv2d(*neuron, image, *window, weights()?);
                (layer.map_err(misfit)?, constants)
            }
        };
        for &kind in constants {
            let tensor = self.tensor(tensors, index, kind)?;
            layer.set_parameter(kind, tensor).map_err(misfit)?;
        }
        Ok(layer.into())
    }

    fn tensor<T: Real>(
        &self,
        tensors: &SafeTensors<'_>,
        layer: usize,
        kind: ParameterKind,
    ) -> Result<Tensor<T>, NetworkFileError> {
        let name = format!("layers.{layer}.{kind}");
        let problem = |problem: String| NetworkFileError::Tensor {
            path: self.path.to_owned(),
            name: name.clone(),
            problem,
        };
        let view = tensors
            .tensor(&name)
            .map_err(|_| problem("is missing".to_owned()))?;
        let bytes = view.data();
        let values = match view.dtype() {
            Dtype::F32 => numbers(bytes, |bytes| f64::from(f32::from_le_bytes(bytes))),
            Dtype::F64 => numbers(bytes, f64::from_le_bytes),
            other => return Err(problem(format!("has the type {other:?}, not F32 or F64"))),
        };
        Tensor::new(view.shape(), values).map_err(|error: TensorError| problem(error.to_string()))
    }

    fn undescribed(&self, problem: String) -> NetworkFileError {
        NetworkFileError::Description {
            path: self.path.to_owned(),
            problem,
        }
    }
}

fn numbers<T: Real, const BYTES: usize>(
    bytes: &[u8],
    number: impl Fn([u8; BYTES]) -> f64,
) -> Vec<T> {
    let (chunks, _) = bytes.as_chunks();
    chunks.iter().map(|&bytes| T::of(number(bytes))).collect()
}
