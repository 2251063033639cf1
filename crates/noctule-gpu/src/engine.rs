//! [`GpuEngine`]: a device as a [`noctule_core::Engine`].

#[cfg(feature = "kernels")]
use cubecl::prelude::Runtime;
use noctule_core::{Engine, EngineError, EngineInfo, Network, Session, SessionOptions};

use crate::device::{Backend, Device, check};
#[cfg(feature = "kernels")]
use crate::session::state::GpuSession;

/// An engine that computes on a device, in single precision.
///
/// ```no_run
/// use noctule_core::{Engine, Initialiser, LifParameters, Network, SessionOptions};
/// use noctule_gpu::{Backend, GpuEngine};
///
/// let neuron = LifParameters {
///     tau_m: 0.020, tau_s: 0.010, theta: 1.0, reset: 1.0, max_spikes: 10, t_max: 0.1,
/// };
/// let network = Network::<f32>::new(2)?.dense(3, &neuron, Initialiser::uniform(0.0, 400.0)?, 7)?;
/// let engine = GpuEngine::new(Backend::Cuda, 0)?;
/// let session = engine.open(&network, &SessionOptions::default())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

    /// Opens a session on a runtime's device.
    #[cfg(feature = "kernels")]
    fn open_on<R: Runtime>(
        &self,
        device: &R::Device,
        network: &Network<f32>,
        options: &SessionOptions,
    ) -> Result<Box<dyn Session<f32>>, EngineError> {
        if !options.substrate.is_ideal() {
            return Err(EngineError::Unsupported {
                backend: self.device.backend.name(),
                what: "a substrate that changes weights".to_owned(),
            });
        }
        crate::cache::keep_kernels(self.device.backend);
        // Software Vulkan ends the loops of a kernel after 65,535 turns, without a word.
        let most_events = match self.device.name.contains("llvmpipe") {
            true => 4_096,
            false => u32::MAX as usize,
        };
        let client = R::client(device);
        let session = GpuSession::<R>::new(client, network, options, most_events)?;
        Ok(Box::new(session))
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
        network: &Network<f32>,
        options: &SessionOptions,
    ) -> Result<Box<dyn Session<f32>>, EngineError> {
        match self.device.backend {
            #[cfg(feature = "gpu")]
            Backend::Gpu => {
                let index = self.device.index;
                let device = crate::device::wgpu_device(index).ok_or_else(|| {
                    EngineError::Device(format!("device {index} is no longer there"))
                })?;
                self.open_on::<cubecl::wgpu::WgpuRuntime>(&device, network, options)
            }
            #[cfg(feature = "cuda")]
            Backend::Cuda => {
                let device = cubecl::cuda::CudaDevice {
                    index: self.device.index,
                };
                self.open_on::<cubecl::cuda::CudaRuntime>(&device, network, options)
            }
            #[cfg(feature = "hip")]
            Backend::Hip => {
                let device = cubecl::hip::AmdDevice::new(self.device.index);
                self.open_on::<cubecl::hip::HipRuntime>(&device, network, options)
            }
            #[allow(unreachable_patterns, reason = "a build may have all back ends")]
            other => {
                let _ = (network, options);
                Err(EngineError::Device(format!(
                    "this build has no back end `{other}`"
                )))
            }
        }
    }

    fn run(&self, work: &mut (dyn FnMut() + Send)) {
        work();
    }
}
