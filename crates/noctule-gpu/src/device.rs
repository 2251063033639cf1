//! [`devices`]: which devices there are, and what is missing to use them.

/// A way to reach a device.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Backend {
    /// Vulkan, Metal or DirectX 12, through wgpu.
    Gpu,
    /// NVIDIA's CUDA.
    Cuda,
    /// AMD's ROCm.
    Hip,
}

/// A device that this build could use.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// The back end.
    pub backend: Backend,
    /// The index among the devices of the back end.
    pub index: usize,
    /// Its name, for people.
    pub name: String,
    /// Its memory in bytes, where it is known.
    pub memory_bytes: Option<u64>,
    /// The driver and its version.
    pub driver: String,
    /// What is missing to use it, and how to get it; `None` if it can be used.
    pub missing: Option<String>,
}

/// All devices of the back ends that this build has.
pub fn devices() -> Vec<Device> {
    Vec::new()
}
