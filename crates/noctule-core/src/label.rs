//! [`Label`]: the class of a sample.

/// The class of a sample: the index of its output neuron, from 0.
pub type Label = u32;
