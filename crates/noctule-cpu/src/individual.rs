//! Passes for neurons with different constants, and for spikes that were recorded elsewhere. States and adjoints of a
//! block of neurons move from event to event; what only some neurons do, such as to spike, is computed one by one.

pub(crate) mod backward;
mod block;
mod block_spikes;
pub(crate) mod forward;
pub(crate) mod inputs;
mod moment;
pub(crate) mod recorded;
pub(crate) mod tape;
pub(crate) mod view;
