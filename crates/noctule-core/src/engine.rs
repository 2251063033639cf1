//! The contract between engines and the code that uses them.
//!
//! An [`Engine`] opens a [`Session`] for a [`Network`]. The session keeps parameters, optimiser state, batch, tapes and
//! metrics where the engine computes. Its calls are coarse, about ten per batch. Engines and sessions are used as trait
//! objects, so the code above them is not generic over the engine. `docs/architecture.md` explains how to add an
//! engine. What every session needs is here, too: [`checks`] of what it is given, [`CurrentPass`] and
//! [`SessionMetrics`].

pub mod checks;
mod current_pass;
pub(crate) mod error;
pub(crate) mod session;
mod session_metrics;
pub(crate) mod tensors;

pub use current_pass::CurrentPass;
pub use error::EngineError;
pub use session::{Pass, PassWeights, Session, StoredSet};
pub use session_metrics::SessionMetrics;
pub use tensors::{TensorGroup, TensorName, Tensors, squared_norm};

use crate::network::feed_forward::Network;
use crate::optimiser::Optimiser;
use crate::real::Real;
use crate::substrate::Substrate;

/// A description of an engine.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineInfo {
    /// The name of the back end: `cpu`, `gpu`, `cuda`, `hip`.
    pub backend: &'static str,
    /// The name of the device, for people.
    pub device: String,
    /// Memory of the device in bytes, where it is known.
    pub memory_bytes: Option<u64>,
    /// Number of threads that compute; 1 for a device.
    pub threads: usize,
    /// Whether a read waits for a device. If so, it is better to read metrics once in several batches.
    pub reads_wait: bool,
    /// The number of sessions that can usefully run at the same time.
    pub parallel_sessions: usize,
    /// The kind of arithmetic, which decides the bits of results together with the seed: for example, whether
    /// multiplications and additions are fused.
    pub arithmetic: String,
}

/// The options of a session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionOptions {
    /// The rule by which steps change the parameters.
    pub optimiser: Optimiser,
    /// The fraction of the running mean of the weights that each step keeps, from 0 (no mean) to below 1. Early steps
    /// keep less, so that the mean soon forgets the initial weights.
    pub weight_average: f64,
    /// How the hardware that is trained for changes the weights. Passes use the transformed weights, the gradient is that
    /// with respect to these, and steps change the untransformed ones, which `read` and `write` see.
    pub substrate: Substrate,
}

/// A device that runs networks: the CPU, a GPU.
pub trait Engine<T: Real>: Send + Sync {
    /// The description of the engine.
    fn info(&self) -> EngineInfo;

    /// Opens a session with the parameters of `network` and an optimiser before its first step.
    ///
    /// # Errors
    /// If the engine does not support a layer or an option, which the error names, or if there is too little memory.
    fn open(
        &self,
        network: &Network<T>,
        options: &SessionOptions,
    ) -> Result<Box<dyn Session<T>>, EngineError>;

    /// Runs `work` on the engine's threads: in the thread pool of a CPU, or on the calling thread for a device.
    fn run(&self, work: &mut (dyn FnMut() + Send));
}
