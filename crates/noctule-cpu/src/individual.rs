//! Passes neuron by neuron, for neurons with different constants and for spikes that were recorded elsewhere. The
//! method is that of the passes in blocks, in plain scalar code: state and adjoints move from event to event.

pub(crate) mod backward;
pub(crate) mod forward;
pub(crate) mod inputs;
mod moment;
pub(crate) mod recorded;
pub(crate) mod tape;
pub(crate) mod view;
