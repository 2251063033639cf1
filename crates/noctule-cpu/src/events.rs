//! The timeline of a sample, its schedule of input events, and the events that reach each window of a convolution.

pub(crate) mod patches;
pub(crate) mod schedule;
pub(crate) mod timeline;
