//! The GPU engine of Noctule: exact event-based simulation and gradients on a device.
//!
//! [`GpuEngine`] is a [`noctule_core::Engine`] in single precision. Its kernels are written once, in CubeCL, for CUDA,
//! ROCm, Vulkan and Metal; each back end is a feature of this crate. Training never leaves the device: passes
//! are enqueued, and the host waits only where it reads something. `docs/gpu.md` explains how an event travels through
//! the kernels.

#[cfg(any(feature = "gpu", feature = "cuda", feature = "hip"))]
mod cache;
pub mod device;
mod engine;
#[cfg_attr(
    not(any(feature = "gpu", feature = "cuda", feature = "hip")),
    allow(dead_code, reason = "a build may have no back end")
)]
mod gpu;
mod kernels;
mod launch;
mod plan;
mod profile;
mod refused;
mod session;
mod stage_lists;

pub use device::{Backend, Device, devices};
pub use engine::GpuEngine;
pub use profile::{KernelTime, kernel_times, measure_kernels};
