//! The size of a block of neurons. The neurons of a block are the lanes of its vector registers.

/// Neurons in a block: one AVX-512 register, or two AVX2 registers, of `f32`.
pub(crate) const LANES: usize = 16;

/// One number per neuron of a block.
pub(crate) type Lanes<T> = [T; LANES];

/// The number of blocks that `neurons` neurons need.
pub(crate) fn blocks(neurons: usize) -> usize {
    neurons.div_ceil(LANES)
}
