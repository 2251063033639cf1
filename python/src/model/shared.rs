//! What the rest of this crate does with a [`Model`]: opens it, and works with the typed one.

use std::sync::Mutex;

use noctule_core::Network;
use pyo3::prelude::*;

use super::typed::TypedModel;
use super::{AnyModel, Model, lock};
use crate::engines::EngineChoice;
use crate::errors::{Error, Result};

impl Model {
    /// Opens a network in single precision.
    pub fn single(choice: EngineChoice, network: Network<f32>) -> Result<Self> {
        let model = TypedModel::open(choice.engine()?, network)?;
        Ok(Self {
            model: AnyModel::Single(Mutex::new(model)),
            process: std::process::id(),
        })
    }

    /// Opens a network in double precision.
    pub fn double(choice: EngineChoice, network: Network<f64>) -> Result<Self> {
        let model = TypedModel::open(choice.engine()?, network)?;
        Ok(Self {
            model: AnyModel::Double(Mutex::new(model)),
            process: std::process::id(),
        })
    }

    /// Lets `work` see the network, with its present weights: `Ok` in single precision, `Err` in double precision.
    pub fn export<R: Send, E: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(
            std::result::Result<&Network<f32>, &Network<f64>>,
        ) -> std::result::Result<R, E>
        + Send,
    ) -> Result<R>
    where
        Error: From<E>,
    {
        self.check_process()?;
        py.detach(|| match &self.model {
            AnyModel::Single(model) => Ok(work(Ok(lock(model).network()?))?),
            AnyModel::Double(model) => Ok(work(Err(lock(model).network()?))?),
        })
    }

    /// Does `work` with the model in single precision, in which networks are trained. Python's lock must not be held: who
    /// waits for the model with it keeps those who have the model from Python.
    pub fn with_single<R>(
        &self,
        work: impl FnOnce(&mut TypedModel<f32>) -> Result<R>,
    ) -> Result<R> {
        self.check_process()?;
        match &self.model {
            AnyModel::Single(model) => work(&mut lock(model)),
            AnyModel::Double(_) => Err(Error::training(
                "fit trains in single precision, but this network has dtype=\"float64\"; use dtype=\"float32\", or \
                 forward, backward and step",
            )),
        }
    }

    /// An error in a process that was forked from the one that opened the model.
    pub(super) fn check_process(&self) -> Result<()> {
        match self.process == std::process::id() {
            true => Ok(()),
            false => Err(Error::state(
                "this network belongs to the process that this one was forked from, whose threads are not here; make or \
                 load it in this process, or start processes with the method \"spawn\"",
            )),
        }
    }
}
