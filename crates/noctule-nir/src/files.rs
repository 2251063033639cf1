//! Networks and graphs in files.

use std::fs;
use std::path::Path;

use noctule_core::{Network, Real, replace_file};

use crate::error::NirError;
use crate::export::options::ExportOptions;
use crate::export::to_graph;
use crate::graph::Graph;
use crate::import::from_graph;
use crate::import::options::{ImportOptions, Imported};

/// Writes a network to a file that PyPI's `nir.read` reads. An existing file is replaced only once the new one is complete.
///
/// # Errors
/// If the network has no counterpart in NIR ([`ExportError`](crate::ExportError)), or the file cannot be written.
pub fn write<T: Real>(
    network: &Network<T>,
    path: impl AsRef<Path>,
    options: &ExportOptions,
) -> Result<(), NirError> {
    to_graph(network, options)?.save(path)
}

/// Reads a network from a file that [`write()`] or PyPI's `nir.write` wrote.
///
/// # Errors
/// If the file cannot be read or is damaged, or its graph is not a network of Noctule
/// ([`ImportError`](crate::ImportError)).
pub fn read<T: Real>(
    path: impl AsRef<Path>,
    options: &ImportOptions,
) -> Result<Imported<T>, NirError> {
    let path = path.as_ref();
    from_graph(&Graph::load(path)?, options).map_err(|source| NirError::Import {
        path: path.to_owned(),
        source,
    })
}

impl Graph {
    /// Reads a graph from a file.
    ///
    /// # Errors
    /// If the file cannot be read, or [`Graph::parse`] refuses it.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, NirError> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|cause| NirError::Read {
            path: path.to_owned(),
            cause,
        })?;
        Self::parse(&bytes).map_err(|problem| NirError::File {
            path: path.to_owned(),
            problem,
        })
    }

    /// Writes the graph to a file. An existing file is replaced only once the new one is complete.
    ///
    /// # Errors
    /// If the file cannot be written, or the name of a node cannot be that of a group of HDF5.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), NirError> {
        let path = path.as_ref();
        let failed = |cause| NirError::Write {
            path: path.to_owned(),
            cause,
        };
        let bytes = self.to_bytes().map_err(|source| NirError::Unwritable {
            path: path.to_owned(),
            source,
        })?;
        replace_file(path, &bytes).map_err(failed)
    }
}
