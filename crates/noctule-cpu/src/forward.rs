//! From input events to output spikes.

pub(crate) mod candidates;
pub(crate) mod emitter;
pub(crate) mod group_pass;
pub(crate) mod group_state;
pub(crate) mod solve_interval;
pub(crate) mod spike_collector;
pub(crate) mod wide_pass;
