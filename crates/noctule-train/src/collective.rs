//! Several processes that train one network together: ranks.
//!
//! Every rank holds the whole network and all samples. Of each batch it computes its [shard](noctule_core::shard). Each
//! rank also has a shard of the weights: it sums the gradients of that shard over all ranks, takes the optimiser's step
//! with it, and sends it to all others. A [`Trainer`](crate::Trainer) knows the trait [`Collective`] only:
//! [`SingleProcess`] is one process, `mpi::Ranks` (feature `mpi`) is what `mpirun` started.
//!
//! All methods that communicate are collective: every rank must call the same ones in the same order, and each of them
//! waits for all ranks.

mod agreement;
mod interface;
mod machine;
#[cfg(feature = "mpi")]
pub mod mpi;
mod single_process;
mod together;

pub use agreement::{Disagreement, agree};
pub use interface::Collective;
pub use machine::{Place, place, threads};
pub use single_process::SingleProcess;
pub use together::{OtherRank, together};
