//! Networks in NIR.

use std::path::PathBuf;

use noctule_nir::{ExportOptions, ImportOptions, NirError, limits, read, write};
use pyo3::prelude::*;

use crate::engines::EngineChoice;
use crate::errors::{Error, Result};
use crate::model::{Dtype, Model};

/// Writes a network to a file of NIR, with an experiment as TOML, if there is one. Returns what other simulators will not
/// know.
#[pyfunction]
pub fn write_nir(
    py: Python<'_>,
    model: &Model,
    path: PathBuf,
    dt: Option<f64>,
    experiment: Option<String>,
) -> Result<Vec<String>> {
    let options = ExportOptions { dt, experiment };
    model.export(py, |network| match network {
        Ok(network) => write(network, &path, &options).map(|()| limits(network)),
        Err(network) => write(network, &path, &options).map(|()| limits(network)),
    })
}

/// Reads a network from a file of NIR: the model, the time step that it was read with, the node of each layer, and whether
/// nobody said how many spikes a neuron may have.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "Python names them")]
pub fn read_nir(
    py: Python<'_>,
    path: PathBuf,
    dt: Option<f64>,
    t_max: Option<f64>,
    max_spikes: Option<u32>,
    dtype: Dtype,
    backend: &str,
    device: Option<usize>,
    threads: usize,
) -> Result<(Model, Option<f64>, Vec<String>, bool)> {
    let choice = EngineChoice::new(backend, device, threads)?;
    let options = ImportOptions {
        dt,
        t_max,
        max_spikes,
    };
    py.detach(|| match dtype {
        Dtype::Float32 => {
            let read = read(path, &options)?;
            let model = Model::single(choice, read.network)?;
            Ok((model, read.dt, read.nodes, read.assumed_max_spikes))
        }
        Dtype::Float64 => {
            let read = read(path, &options)?;
            let model = Model::double(choice, read.network)?;
            Ok((model, read.dt, read.nodes, read.assumed_max_spikes))
        }
    })
}

impl From<NirError> for Error {
    fn from(error: NirError) -> Self {
        let mut message = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(source) = cause {
            if !message.contains(&source.to_string()) {
                message = format!("{message}: {source}");
            }
            cause = source.source();
        }
        Self::nir(message)
    }
}
