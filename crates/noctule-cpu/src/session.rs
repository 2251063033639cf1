//! [`CpuSession`](state::CpuSession), which implements [`noctule_core::Session`]: weights in blocks, tapes, optimiser
//! state and metrics.

mod contract;
mod passes;
pub(crate) mod state;
mod tensors;
mod training;
