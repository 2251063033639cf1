//! Engines that compute on a device, as far as this build has them.

use std::sync::Arc;

use noctule_core::Engine;
#[cfg(any(feature = "gpu", feature = "cuda", feature = "hip"))]
use noctule_gpu::{GpuEngine, device};
use serde::Serialize;

use super::backend::{Backend, BackendError};

/// A device, as `noctule devices --json` prints it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeviceDescription {
    /// The name of the back end.
    pub backend: &'static str,
    /// The index among the devices of the back end.
    pub index: usize,
    /// Its name, for people.
    pub name: String,
    /// Its memory in bytes, where it is known.
    pub memory_bytes: Option<u64>,
    /// The driver and its version.
    pub driver: String,
    /// Whether nothing is missing to use it.
    pub usable: bool,
    /// What is missing to use it, and how to get it.
    pub missing: Option<String>,
}

/// The devices of a back end.
#[derive(Clone, Debug, PartialEq)]
pub struct BackendDevices {
    /// The name of the back end.
    pub backend: &'static str,
    /// Its devices, in the order of their indices.
    pub devices: Vec<DeviceDescription>,
    /// Why there are none, and what to do; `None` if there are some.
    pub why_none: Option<String>,
}

/// The devices of each back end that this build has.
#[cfg(any(feature = "gpu", feature = "cuda", feature = "hip"))]
pub fn devices() -> Vec<BackendDevices> {
    let built = device::Backend::ALL.into_iter();
    let built = built.filter(|backend| backend.is_built());
    built
        .map(|backend| describe(device::find(backend)))
        .collect()
}

#[cfg(any(feature = "gpu", feature = "cuda", feature = "hip"))]
fn describe(found: device::Found) -> BackendDevices {
    let backend = found.backend.name();
    let devices = found.devices.into_iter();
    let devices = devices.map(|device| DeviceDescription {
        backend,
        index: device.index,
        usable: device.usable(),
        name: device.name,
        memory_bytes: device.memory_bytes,
        driver: device.driver,
        missing: device.missing,
    });
    BackendDevices {
        backend,
        devices: devices.collect(),
        why_none: found.why_none,
    }
}

/// Opens a device, for which `threads` threads prepare data (0: one on each core).
#[cfg(any(feature = "gpu", feature = "cuda", feature = "hip"))]
pub(super) fn open_device(
    backend: Backend,
    device: usize,
    threads: usize,
) -> Result<Arc<dyn Engine<f32>>, BackendError> {
    let not_built = BackendError::NotBuilt(backend);
    let known: device::Backend = backend.name().parse().map_err(|_| not_built.clone())?;
    if !known.is_built() {
        return Err(not_built);
    }
    let engine = GpuEngine::new(known, device)?;
    // The engine runs work on the calling thread, so it is rayon's own threads that help it. There may be some already.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build_global().ok();
    Ok(Arc::new(engine))
}

/// The devices of each back end that this build has: none.
#[cfg(not(any(feature = "gpu", feature = "cuda", feature = "hip")))]
pub fn devices() -> Vec<BackendDevices> {
    Vec::new()
}

/// Refuses every back end.
#[cfg(not(any(feature = "gpu", feature = "cuda", feature = "hip")))]
pub(super) fn open_device(
    backend: Backend,
    _: usize,
    _: usize,
) -> Result<Arc<dyn Engine<f32>>, BackendError> {
    Err(BackendError::NotBuilt(backend))
}
