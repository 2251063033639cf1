//! [`GpuEngine`]: a device as a [`noctule_core::Engine`].

use noctule_core::{Engine, EngineError, EngineInfo, Network, Session, SessionOptions};

use crate::device::{Backend, Device, check};

/// An engine that computes on a device, in single precision.
#[derive(Clone, Debug)]
pub struct GpuEngine {
    device: Device,
}

impl GpuEngine {
    /// An engine on the device of this index; see [`devices`](crate::device::devices).
    ///
    /// # Errors
    /// If this build lacks the back end, there is no such device, or something is missing to use it.
    pub fn new(backend: Backend, device: usize) -> Result<Self, EngineError> {
        Ok(Self {
            device: check(backend, device)?,
        })
    }
}

impl Engine<f32> for GpuEngine {
    fn info(&self) -> EngineInfo {
        EngineInfo {
            backend: self.device.backend.name(),
            device: self.device.name.clone(),
            memory_bytes: self.device.memory_bytes,
            threads: 1,
            reads_wait: true,
            parallel_sessions: 1,
            arithmetic: "single precision on a device".to_owned(),
        }
    }

    fn open(
        &self,
        _: &Network<f32>,
        _: &SessionOptions,
    ) -> Result<Box<dyn Session<f32>>, EngineError> {
        Err(EngineError::Unsupported {
            backend: self.device.backend.name(),
            what: "networks, yet".to_owned(),
        })
    }

    fn run(&self, work: &mut (dyn FnMut() + Send)) {
        work();
    }
}
