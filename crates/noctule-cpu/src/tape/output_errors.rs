//! [`OutputErrors`]: the input of a backward pass in blocks.

use noctule_core::SpikeBatch;

/// The errors that a backward pass starts from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutputErrors<'a, T> {
    /// The output events of the forward pass.
    pub output: &'a SpikeBatch<T>,
    /// `dL/dt` of each output event.
    pub d_times: &'a [T],
    /// The largest `1/slope`; larger ones are clipped to it.
    pub max_inverse_slope: T,
}
