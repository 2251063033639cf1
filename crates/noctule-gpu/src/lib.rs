//! The GPU engine of Noctule: exact event-based simulation and gradients on a device.
//!
//! [`GpuEngine`] is a [`noctule_core::Engine`] in single precision. Its kernels are written once, in CubeCL, for CUDA,
//! ROCm, Vulkan and Metal; each back end is a feature of this crate. Training never leaves the device: passes
//! are enqueued, and the host waits only where it reads something. `docs/gpu.md` explains how an event travels through
//! the kernels.

#[cfg(feature = "kernels")]
mod cache;
pub mod device;
mod engine;
#[cfg(feature = "kernels")]
mod gpu;
#[cfg(feature = "kernels")]
mod kernels;
#[cfg(feature = "kernels")]
mod launch;
#[cfg(feature = "kernels")]
mod plan;
#[cfg_attr(
    not(feature = "kernels"),
    expect(dead_code, reason = "there are no kernels to measure")
)]
mod profile;
#[cfg(feature = "kernels")]
mod refused;
#[cfg(feature = "kernels")]
mod session;
#[cfg(feature = "kernels")]
mod stage_lists;

pub use device::{Backend, Device, devices};
pub use engine::GpuEngine;
pub use profile::{KernelTime, kernel_times, measure_kernels};
