//! The GPU engine of Noctule.

pub mod device;

pub use device::{Backend, Device, devices};
