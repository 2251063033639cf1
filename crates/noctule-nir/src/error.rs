//! [`NirError`]: why a file could not be read or written.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::export::error::ExportError;
use crate::hdf5::problem::{FileProblem, UnwritableGraph};
use crate::import::error::ImportError;

/// Why a file could not be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NirError {
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
    /// The graph cannot be written as HDF5.
    #[error("cannot write `{}`: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: UnwritableGraph,
    },
    /// The file has no graph that can be read.
    #[error("`{}`: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: FileProblem,
    },
    /// The graph is not a network of Noctule.
    #[error("`{}`: {source}", path.display())]
    Import {
        /// The file.
        path: PathBuf,
        /// What has no counterpart.
        source: ImportError,
    },
    /// The network has no graph.
    #[error(transparent)]
    Export(#[from] ExportError),
}
