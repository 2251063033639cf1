//! Blocks of sixteen neurons in vector registers, and the run-time choice of the instruction set.

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
mod compare_exchange;
pub(crate) mod dispatch;
pub(crate) mod group;
pub(crate) mod isa;
pub(crate) mod lane_vec;
pub(crate) mod lanes;
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
mod sorting_network;
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
mod x86;
