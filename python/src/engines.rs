//! The engines of this process, by name: networks with the same choice share one, with its threads.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use noctule::engines::{self, Backend, Choice};
use noctule_core::Engine;
use pyo3::prelude::*;

use crate::errors::{Error, Result};
use crate::number::Number;

/// Which engine: back end, device, threads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EngineChoice {
    choice: Choice,
    threads: usize,
}

impl EngineChoice {
    /// The engine of these names.
    pub fn new(backend: &str, device: Option<usize>, threads: usize) -> Result<Self> {
        let Some(named) = Backend::named(backend) else {
            return Err(Error::backend(format!(
                "there is no back end `{backend}`: choose cpu, gpu, cuda or hip"
            )));
        };
        let choice = Choice::new(named, device)?;
        Ok(Self { choice, threads })
    }

    /// Its engine for one precision, opened when it is first needed.
    pub fn engine<T: Number>(self) -> Result<Arc<dyn Engine<T>>> {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let process = std::process::id();
        for engine in open.iter().filter(|engine| engine.process == process) {
            if engine.choice == self
                && let Some(engine) = engine.engine.downcast_ref::<Arc<dyn Engine<T>>>()
            {
                return Ok(Arc::clone(engine));
            }
        }
        let engine = T::open(self.choice, self.threads)?;
        open.push(OpenEngine {
            choice: self,
            process,
            engine: Box::new(Arc::clone(&engine)),
        });
        Ok(engine)
    }
}

/// Those that were opened. A process that was forked does not have the threads of its parent's, so it opens its own; the
/// parent's are kept, since to drop them would wait for their threads.
static OPEN: Mutex<Vec<OpenEngine>> = Mutex::new(Vec::new());

struct OpenEngine {
    choice: EngineChoice,
    process: u32,
    engine: Box<dyn Any + Send>,
}

/// The devices of this machine, as `noctule devices --json` gives them.
#[pyfunction]
pub fn devices() -> Result<String> {
    let found = engines::devices();
    let all: Vec<_> = found.iter().flat_map(|found| &found.devices).collect();
    serde_json::to_string(&all).map_err(|error| Error::from(anyhow::Error::from(error)))
}
