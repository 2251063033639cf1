//! The GPU engine of Noctule.

pub mod device;
mod engine;

pub use device::{Backend, Device, devices};
pub use engine::GpuEngine;
