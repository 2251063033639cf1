//! The layers of a network: geometry and neurons. Weights are arguments of the passes.

pub(crate) mod dropout;
pub(crate) mod record;
pub(crate) mod spiking;
pub(crate) mod sum_pool2d;
