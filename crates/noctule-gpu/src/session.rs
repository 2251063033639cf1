//! [`GpuSession`](state::GpuSession), which implements [`noctule_core::Session`]: parameters, lists and metrics on a
//! device.
//!
//! Passes are enqueued and noted in a journal. Reads wait for the device. If the spikes of a batch exceeded the slots,
//! no later step changed anything: the session makes room, and runs the journal again from that batch on.

mod command;
mod contract;
mod images;
mod input;
mod journal;
mod numbers;
mod passes;
mod reads;
mod recorded;
pub(crate) mod state;
mod tensors;
#[cfg(all(test, feature = "gpu"))]
mod tests;
