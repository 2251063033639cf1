//! Simulation in time steps by Euler's forward method: the opponent that the study of precision measures.
//!
//! It is what people write when they discretise a network by hand. Frameworks differ: some propagate exactly between the
//! boundaries of steps, which costs as much, and still put spikes onto boundaries. In the step from `t` to `t + dt`, each layer in turn
//!
//! 1. adds the weights of the spikes that arrive at `t` to the current `I`,
//! 2. integrates, `u += dt (I - u/tau_m)` and `I -= dt I/tau_s`, both from the values at `t`,
//! 3. lets every neuron with `u >= theta` spike, at `t + dt`, and subtracts `reset` from its potential: at most one
//!    spike per neuron and step, however far the potential is above the threshold.
//!
//! Input spikes arrive at the boundary between steps that is nearest. Spikes of a layer arrive in the next one at their
//! own time: of the usual conventions this is the most accurate. (Frameworks that let a spike act on the next layer within
//! the step in which it is emitted are early by a step in each layer.) The error is of first order in `dt`; in the limit the
//! equations are those of `docs/mathematics.md`.
//!
//! The simulator is built to be fast: a layer is simulated for the whole sample before the next one, between two
//! arrivals a block of neurons stays in registers, the loops use the widest vector instructions of the processor, a layer
//! at rest is skipped until its first event, and samples are shared among threads. None of this changes a result.

mod connections;
mod dispatch;
mod error;
mod events;
mod lanes;
mod population;
mod simulator;
mod state;

pub use dispatch::StepReal;
pub use error::EulerError;
pub use simulator::EulerSimulator;
