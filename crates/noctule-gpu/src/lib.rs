//! The GPU engine of Noctule.

pub mod device;
mod engine;
mod gpu;
mod kernels;
mod launch;
mod plan;
mod refused;
mod session;
mod stage_lists;

pub use device::{Backend, Device, devices};
pub use engine::GpuEngine;
