//! The kernels. Each is written once, in CubeCL, for all back ends.

#![allow(
    clippy::collapsible_if,
    clippy::manual_div_ceil,
    reason = "the kernel language evaluates both sides of `&&`, and has no `div_ceil`"
)]

pub(crate) mod adjoint;
pub(crate) mod batch;
pub(crate) mod block;
pub(crate) mod crossing;
pub(crate) mod dropout;
pub(crate) mod encode;
pub(crate) mod forward;
pub(crate) mod geometry;
pub(crate) mod gradient;
pub(crate) mod integrate;
pub(crate) mod lists;
pub(crate) mod loss;
pub(crate) mod math;
pub(crate) mod membrane;
pub(crate) mod neuron;
pub(crate) mod optimiser;
pub(crate) mod recorded;
pub(crate) mod sort;
pub(crate) mod thin;
