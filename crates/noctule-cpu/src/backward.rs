//! The backward pass: from errors of output spikes to gradients of weights and input times.

pub(crate) mod adjoint;
