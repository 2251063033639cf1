//! The CPU engine: how events drive blocks of neurons forwards, and errors backwards.
//!
//! * [`timeline`] turns the input events of a sample into coefficients that all neurons of the layer share.
//! * [`course`] is where the inputs of a neuron arrive; [`patches`] has the courses of the places of a convolution.
//! * [`forward`] and [`backward`] walk them for a [`group`] of blocks of [`LANES`] neurons; they contain the whole method,
//!   with [`crossings`]. [`emitter`] makes spikes of what a walk found, and [`kicks`] are what these do on the way back.
//! * [`abreast`] is the forward walk of a wide layer, all blocks at once; [`found`] makes [`sorted_spikes`] of what it
//!   found, [`by_row`] has the weights as it reads them, and [`candidates`] are those of its neurons that may spike.
//! * [`project`] spreads a layer over threads, as [`cut`] says; [`task`] is the share of one; [`order`] sorts spikes;
//!   [`trace`] is what the way back needs, and [`scratch`] is memory.
//! * [`lanes`] is a block in registers, [`lane_vec`] a list of blocks in memory; [`dispatch`] compiles the walks for the
//!   instruction sets of the processor.
//!
//! Weights are laid out `[block][row][LANES]`: a row is one input line of the block, and the neurons of a block are the
//! lanes of its vectors. A block's weight gradient belongs to one task, and everything that is summed over tasks is
//! summed in a fixed order, so results do not depend on the number of threads.

pub(crate) mod abreast;
pub(crate) mod backward;
pub(crate) mod by_row;
pub(crate) mod candidates;
pub(crate) mod course;
pub(crate) mod crossings;
pub(crate) mod cut;
pub(crate) mod dispatch;
pub(crate) mod emitter;
pub(crate) mod forward;
pub(crate) mod found;
pub(crate) mod group;
pub(crate) mod kicks;
pub(crate) mod lane_vec;
pub(crate) mod lanes;
pub(crate) mod order;
pub(crate) mod patches;
pub(crate) mod project;
pub(crate) mod scratch;
pub(crate) mod sorted_spikes;
pub(crate) mod task;
pub(crate) mod timeline;
pub(crate) mod trace;

/// Neurons in a block: two vectors of eight `f32`, one of sixteen.
pub(crate) const LANES: usize = 16;

/// One number for each neuron of a block.
pub(crate) type Lanes<T> = [T; LANES];

/// Number of blocks that hold `neurons` neurons.
pub(crate) fn blocks(neurons: usize) -> usize {
    neurons.div_ceil(LANES)
}
