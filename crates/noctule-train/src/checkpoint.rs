//! Checkpoints: named tensors and a JSON value in one safetensors file, readable from Python too.
//!
//! The JSON value is stored as a string under the metadata key `noctule`. Double-precision numbers in it come back bit
//! for bit, so that a resumed run can continue exactly. Files of weights that other programs wrote lack it: they can be
//! evaluated, and begun with.
//!
//! ```
//! use noctule_train::checkpoint::{Checkpoint, Tensor};
//!
//! let mut checkpoint = Checkpoint::new(serde_json::json!({ "epoch": 3 }));
//! checkpoint.insert("layers.0.weights", Tensor { shape: vec![2, 1], values: vec![0.5, -1.0] });
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("last.safetensors");
//! checkpoint.save(&path)?;
//! assert_eq!(Checkpoint::load(&path)?, checkpoint);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::{fs, io};

use safetensors::tensor::{Dtype, Metadata, TensorView, View};
use safetensors::{SafeTensorError, SafeTensors};
use serde_json::Value;
use thiserror::Error;

use crate::atomic::{WriteError, write_atomically};
use crate::run_directory::{BEST, LAST};

/// Where the JSON value lies in the safetensors metadata.
const METADATA_KEY: &str = "noctule";

/// Bytes in front of the header, which hold its length.
const PREFIX: usize = size_of::<u64>();

/// The largest header that a safetensors reader accepts.
const LARGEST_HEADER: usize = 100_000_000;

/// Tensors by name, and everything else that a run needs to continue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    /// The tensors, such as `layers.0.weights`.
    pub tensors: BTreeMap<String, Tensor>,
    /// Everything that is not a tensor; null in a file of weights that another program wrote.
    pub metadata: Value,
}

/// Numbers and how they are arranged.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Length of each dimension, the slowest first.
    pub shape: Vec<usize>,
    /// The values; their number is the product of `shape`, and the last dimension runs fastest.
    pub values: Vec<f32>,
}

/// A checkpoint could not be written or read.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// The file is missing or cannot be read.
    #[error("cannot read the checkpoint `{}`: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The file ends too early.
    #[error(
        "the checkpoint `{}` is truncated: it has {found} bytes and should have at least {expected}; {advice}",
        path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes there should be.
        expected: usize,
        /// Bytes there are.
        found: usize,
        /// Which other file may help.
        advice: &'static str,
    },
    /// The file is not a safetensors file, or damaged.
    #[error("`{}` is not a safetensors file, or is damaged: {message}; {advice}", path.display())]
    NotSafetensors {
        /// The file.
        path: PathBuf,
        /// What the reader reported.
        message: String,
        /// Which other file may help.
        advice: &'static str,
    },
    /// The metadata that Noctule writes are damaged.
    #[error("`{}`: its metadata under the key `{METADATA_KEY}` are not JSON: {message}", path.display())]
    Metadata {
        /// The file.
        path: PathBuf,
        /// What the reader reported.
        message: String,
    },
    /// The file has weights, but not the state of a run.
    #[error(
        "`{}` has weights only, not the state of a run, so it cannot be resumed; begin a new run with them: \
         `noctule train ... --init {}`", path.display(), path.display()
    )]
    WeightsOnly {
        /// The file.
        path: PathBuf,
    },
    /// A tensor is not in single precision.
    #[error(
        "`{}` has the tensor `{tensor}` as {found}, but it must be F32 (`float32` in NumPy and PyTorch)", path.display()
    )]
    WrongType {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        tensor: String,
        /// Its type.
        found: String,
    },
    /// A tensor does not have as many numbers as its shape says.
    #[error("the tensor `{tensor}` for `{}` has {found} numbers, but the shape {shape:?}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        tensor: String,
        /// Its shape.
        shape: Vec<usize>,
        /// How many numbers it has.
        found: usize,
    },
    /// A tensor holds NaN or an infinity: the training diverged.
    #[error(
        "`{}` must have finite numbers, but the tensor `{tensor}` has {value} at position {position}: the training \
         diverged; go back to an earlier checkpoint or lower the learning rate", path.display()
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        tensor: String,
        /// Where in the tensor.
        position: usize,
        /// The number there.
        value: f32,
    },
}

impl Checkpoint {
    /// A checkpoint without tensors.
    pub fn new(metadata: Value) -> Self {
        Self {
            tensors: BTreeMap::new(),
            metadata,
        }
    }

    /// Adds a tensor, or replaces the one of the same name.
    pub fn insert(&mut self, name: impl Into<String>, tensor: Tensor) {
        self.tensors.insert(name.into(), tensor);
    }

    /// Writes the checkpoint; whatever goes wrong, the file is the old one or the new one. Equal checkpoints give equal
    /// bytes.
    ///
    /// # Errors
    /// [`CheckpointError::NotFinite`] and [`CheckpointError::Shape`] for tensors that could not be used again,
    /// [`CheckpointError::Write`] if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        for (name, tensor) in &self.tensors {
            if tensor
                .shape
                .iter()
                .try_fold(1, |size: usize, length| size.checked_mul(*length))
                != Some(tensor.values.len())
            {
                return Err(CheckpointError::Shape {
                    path: path.to_owned(),
                    tensor: name.clone(),
                    shape: tensor.shape.clone(),
                    found: tensor.values.len(),
                });
            }
            require_finite(path, name, &tensor.values)?;
        }
        let metadata = HashMap::from([(METADATA_KEY.to_owned(), self.metadata.to_string())]);
        let bytes = safetensors::serialize(&self.tensors, Some(metadata)).map_err(|error| {
            CheckpointError::NotSafetensors {
                path: path.to_owned(),
                message: error.to_string(),
                advice: "it cannot be written",
            }
        })?;
        Ok(write_atomically(path, &bytes)?)
    }

    /// Reads the JSON value of a checkpoint, and none of its tensors.
    ///
    /// # Errors
    /// As [`Checkpoint::load`], but for the tensors.
    pub fn load_metadata(path: &Path) -> Result<Value, CheckpointError> {
        let bytes = read(path)?;
        let (_, header) = SafeTensors::read_metadata(&bytes)
            .map_err(|error| unreadable(path, &bytes, &error.to_string()))?;
        own_metadata(path, &header)
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError`] for a file that is missing, truncated, damaged, not a safetensors file, not in single
    /// precision, or holds numbers that are not finite.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        let bytes = read(path)?;
        let unusable = |error: SafeTensorError| unreadable(path, &bytes, &error.to_string());
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(unusable)?;
        let metadata = own_metadata(path, &header)?;
        let mut checkpoint = Self::new(metadata);
        for (name, view) in SafeTensors::deserialize(&bytes).map_err(unusable)?.iter() {
            checkpoint.insert(name, read_tensor(path, name, &view)?);
        }
        Ok(checkpoint)
    }
}

impl View for &Tensor {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    }

    fn data_len(&self) -> usize {
        size_of_val(self.values.as_slice())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CheckpointError> {
    fs::read(path).map_err(|cause| CheckpointError::Read {
        path: path.to_owned(),
        cause,
    })
}

/// The JSON value of Noctule; null in a file that another program wrote.
fn own_metadata(path: &Path, header: &Metadata) -> Result<Value, CheckpointError> {
    let entries = header.metadata().as_ref();
    let Some(text) = entries.and_then(|entries| entries.get(METADATA_KEY)) else {
        return Ok(Value::Null);
    };
    serde_json::from_str(text).map_err(|error| CheckpointError::Metadata {
        path: path.to_owned(),
        message: error.to_string(),
    })
}

fn read_tensor(path: &Path, name: &str, view: &TensorView) -> Result<Tensor, CheckpointError> {
    if view.dtype() != Dtype::F32 {
        return Err(CheckpointError::WrongType {
            path: path.to_owned(),
            tensor: name.to_owned(),
            found: view.dtype().to_string(),
        });
    }
    let (numbers, _) = view.data().as_chunks();
    let values: Vec<_> = numbers
        .iter()
        .map(|&bytes| f32::from_le_bytes(bytes))
        .collect();
    require_finite(path, name, &values)?;
    Ok(Tensor {
        shape: view.shape().to_vec(),
        values,
    })
}

fn require_finite(path: &Path, name: &str, values: &[f32]) -> Result<(), CheckpointError> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(position) => Err(CheckpointError::NotFinite {
            path: path.to_owned(),
            tensor: name.to_owned(),
            position,
            value: values[position],
        }),
    }
}

/// Distinguishes a file that ends too early from one of another kind.
fn unreadable(path: &Path, bytes: &[u8], message: &str) -> CheckpointError {
    let advice = other_checkpoint(path);
    let path = path.to_owned();
    match expected_length(bytes) {
        Some(expected) if bytes.len() < expected => CheckpointError::Truncated {
            path,
            expected,
            found: bytes.len(),
            advice,
        },
        _ => CheckpointError::NotSafetensors {
            path,
            message: message.to_owned(),
            advice,
        },
    }
}

/// Which file may help if this one cannot be read.
fn other_checkpoint(path: &Path) -> &'static str {
    if path.ends_with(LAST) && path.with_file_name(BEST).is_file() {
        "its folder has `best.safetensors`, too: evaluate that with --best, or copy it over this file to resume from it"
    } else if path.ends_with(BEST) && path.with_file_name(LAST).is_file() {
        "its folder has `last.safetensors`, too: evaluate that without --best"
    } else {
        "use another copy of it"
    }
}

/// How long the file should be, as far as the bytes that are there show.
fn expected_length(bytes: &[u8]) -> Option<usize> {
    let Some(prefix) = bytes.first_chunk::<PREFIX>() else {
        return Some(PREFIX);
    };
    let header = usize::try_from(u64::from_le_bytes(*prefix)).ok()?;
    if header > LARGEST_HEADER {
        return None;
    }
    let end = PREFIX + header;
    match bytes.get(PREFIX..end) {
        None => Some(end),
        Some(header) => {
            let metadata: Metadata = serde_json::from_slice(header).ok()?;
            end.checked_add(metadata.data_len())
        }
    }
}
