//! What the forward pass records for the backward pass.

pub(crate) mod adjoint_jump;
pub(crate) mod layer_tape;
pub(crate) mod output_errors;
pub(crate) mod sorted_spikes;
pub(crate) mod spike;
pub(crate) mod spike_order;
