//! HDF5 files in the layout of SHD and SSC: the events of each sample are an element of variable length.

use std::path::Path;

use hdf5_reader::error::Error;
use hdf5_reader::{Dataset, Datatype, Hdf5File, OpenOptions};

use super::error::Problem;
use super::layout::Layout;
use super::numbers::{NumberType, Numbers};

/// The most bytes that a compressed part of a file may stand for, for each byte of the file.
const LARGEST_RATIO: u64 = 1032;

/// An open file.
pub(super) struct Hdf5 {
    file: Hdf5File,
    /// Bytes of the whole file.
    length: u64,
}

/// An array of arrays: the numbers of all samples in a row.
pub(super) struct Ragged {
    pub numbers: Numbers,
    /// Numbers of each sample.
    pub lengths: Vec<usize>,
}

impl Hdf5 {
    pub fn open(path: &Path, length: u64) -> Result<Self, Problem> {
        let file = Hdf5File::open_with_options(path, options(length));
        let file = file.map_err(|error| damaged(&error))?;
        Ok(Self { file, length })
    }

    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let length = bytes.len() as u64;
        let file = Hdf5File::from_bytes_with_options(bytes, options(length));
        let file = file.map_err(|error| damaged(&error))?;
        Ok(Self { file, length })
    }

    /// An array of arrays, one for each sample.
    pub fn ragged(&self, name: &str) -> Result<Ragged, Problem> {
        let dataset = self.dataset(name)?;
        let base = match dataset.dtype() {
            Datatype::VarLen { base, .. } => NumberType::of_hdf5(base),
            _ => None,
        };
        let Some(kind) = base else {
            return Err(Problem::Type {
                array: name.to_owned(),
                found: type_name(dataset.dtype()),
                expected: "arrays of numbers, one of variable length for each sample",
            });
        };
        let references = read(&dataset, name)?;
        let (mut bytes, mut lengths) = (Vec::new(), Vec::new());
        for reference in references.chunks_exact(dataset.vlen_reference_size()) {
            let sample = dataset.resolve_vlen_reference_bytes(reference, kind.size());
            let sample = sample.map_err(|error| damaged(&error))?;
            lengths.push(sample.len() / kind.size());
            bytes.extend(sample);
            // Every sample lies in the file as it is.
            if bytes.len() as u64 > self.length {
                return Err(Problem::Claim {
                    array: name.to_owned(),
                    bytes: bytes.len() as u64,
                });
            }
        }
        Ok(Ragged {
            numbers: Numbers::new(kind, bytes),
            lengths,
        })
    }

    /// An array of integers with one dimension, or none; `None` if it is not there.
    pub fn integers(&self, name: &str) -> Result<Option<Numbers>, Problem> {
        let dataset = match self.dataset(name) {
            Err(Problem::MissingArray { .. }) => return Ok(None),
            dataset => dataset?,
        };
        match NumberType::of_hdf5(dataset.dtype()) {
            Some(kind) if kind.is_integer() => Ok(Some(Numbers::new(kind, read(&dataset, name)?))),
            _ => Err(Problem::Type {
                array: name.to_owned(),
                found: type_name(dataset.dtype()),
                expected: "integers",
            }),
        }
    }

    /// An array of one dimension or none.
    fn dataset(&self, name: &str) -> Result<Dataset, Problem> {
        let dataset = match self.file.dataset(name) {
            Ok(dataset) => dataset,
            Err(error) if is_not_found(&error) => {
                return Err(Problem::MissingArray {
                    array: name.to_owned(),
                    found: self.names(),
                    layout: Layout::Hdf5Events,
                });
            }
            Err(error) => return Err(damaged(&error)),
        };
        if dataset.ndim() > 1 {
            return Err(Problem::Dimensions {
                array: name.to_owned(),
                shape: dataset
                    .shape()
                    .iter()
                    .map(|&length| length as usize)
                    .collect(),
                expected: "one dimension, the samples",
            });
        }
        Ok(dataset)
    }

    /// The arrays at the top and in the groups there, as far as they can be read.
    pub fn names(&self) -> Vec<String> {
        let Ok(root) = self.file.root_group() else {
            return Vec::new();
        };
        let (groups, mut names) = root.member_names().unwrap_or_default();
        for group in groups {
            let members = root.group(&group).and_then(|group| group.member_names());
            let (_, members) = members.unwrap_or_default();
            names.extend(members.iter().map(|member| format!("{group}/{member}")));
        }
        names.sort();
        names
    }
}

/// Bounds of what is read at once from a file of this length.
fn options(length: u64) -> OpenOptions {
    let most = usize::try_from(length.saturating_mul(LARGEST_RATIO)).unwrap_or(usize::MAX);
    OpenOptions::default()
        .with_max_read_bytes(most)
        .with_max_chunk_bytes(most)
}

fn read(dataset: &Dataset, name: &str) -> Result<Vec<u8>, Problem> {
    dataset.read_raw_bytes().map_err(|error| match error {
        Error::ResourceLimit(_) => Problem::Claim {
            array: name.to_owned(),
            bytes: dataset.raw_byte_len().unwrap_or(usize::MAX) as u64,
        },
        error => damaged(&error),
    })
}

fn is_not_found(error: &Error) -> bool {
    match error {
        Error::GroupNotFound(_) | Error::DatasetNotFound(_) => true,
        Error::Context { source, .. } => is_not_found(source),
        _ => false,
    }
}

/// What a message calls a type.
fn type_name(datatype: &Datatype) -> String {
    match (NumberType::of_hdf5(datatype), datatype) {
        (Some(kind), _) => kind.to_string(),
        (None, Datatype::String { .. }) => "string".to_owned(),
        (None, Datatype::VarLen { base, .. }) => format!("variable-length {}", type_name(base)),
        (None, Datatype::Array { base, .. }) => format!("array of {}", type_name(base)),
        (None, Datatype::Compound { .. }) => "compound".to_owned(),
        (None, _) => "another class of HDF5".to_owned(),
    }
}

fn damaged(error: &Error) -> Problem {
    Problem::Damaged {
        format: "HDF5",
        message: error.to_string(),
    }
}
