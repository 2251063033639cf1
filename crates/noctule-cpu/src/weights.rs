//! Weights in blocks, and the partition of a layer and a batch into tasks.

pub(crate) mod blocked;
pub(crate) mod input_major;
pub(crate) mod partition;
pub(crate) mod transformed;
