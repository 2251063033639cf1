//! [`GpuEngine`]: a device as a [`noctule_core::Engine`].

use noctule_core::{Engine, EngineError, EngineInfo, Network, Session, SessionOptions};

use crate::device::Backend;
#[cfg(any(feature = "gpu", feature = "cuda", feature = "hip"))]
use crate::session::state::GpuSession;

/// A GPU, or a software implementation of one. It computes in `f32`.
#[derive(Clone, Debug)]
pub struct GpuEngine {
    backend: Backend,
    device: usize,
}

impl GpuEngine {
    /// The device with this index among those of a back end.
    ///
    /// # Errors
    /// If the build does not have the back end, or there is no such device.
    pub fn new(backend: Backend, device: usize) -> Result<Self, EngineError> {
        Ok(Self { backend, device })
    }
}

impl Engine<f32> for GpuEngine {
    fn info(&self) -> EngineInfo {
        EngineInfo {
            backend: "gpu",
            device: format!("device {}", self.device),
            memory_bytes: None,
            threads: 1,
            reads_wait: true,
            parallel_sessions: 1,
            arithmetic: "as the device's compiler chooses".to_owned(),
        }
    }

    fn open(
        &self,
        network: &Network<f32>,
        options: &SessionOptions,
    ) -> Result<Box<dyn Session<f32>>, EngineError> {
        match self.backend {
            #[cfg(feature = "gpu")]
            Backend::Gpu => {
                use cubecl::prelude::Runtime;
                let client = cubecl::wgpu::WgpuRuntime::client(&Default::default());
                let session =
                    GpuSession::<cubecl::wgpu::WgpuRuntime>::new(client, "gpu", network, options)?;
                Ok(Box::new(session))
            }
            #[cfg(feature = "cuda")]
            Backend::Cuda => {
                use cubecl::prelude::Runtime;
                let client = cubecl::cuda::CudaRuntime::client(&Default::default());
                let session =
                    GpuSession::<cubecl::cuda::CudaRuntime>::new(client, "cuda", network, options)?;
                Ok(Box::new(session))
            }
            #[allow(unreachable_patterns)]
            _ => Err(EngineError::Device(
                "this build has no such back end".to_owned(),
            )),
        }
    }

    fn run(&self, work: &mut (dyn FnMut() + Send)) {
        work();
    }
}
