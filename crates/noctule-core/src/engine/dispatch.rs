//! Run-time choice of the instruction set.
//!
//! A walk is written once over an [`Isa`] and compiled for each that is listed here; [`Real::run`] picks the best one
//! that the processor has. The environment variable `NOCTULE_SIMD` chooses a lesser one, for tests: `baseline` or `avx2`.
//! Anything else, and one that the processor does not have, is ignored.

use std::sync::LazyLock;

use pulp::Arch;

use super::lanes::{Isa, Portable};
use crate::Real;

/// Work that is compiled once for every instruction set.
pub(crate) trait Kernel<T> {
    /// Does the work.
    fn run<I: Isa<T>>(self, isa: I);
}

/// The instruction set of this process.
static CHOSEN: LazyLock<Arch> = LazyLock::new(|| choose(std::env::var("NOCTULE_SIMD").ok()));

fn choose(forced: Option<String>) -> Arch {
    let best = Arch::new();
    match forced.as_deref() {
        Some("baseline") => Arch::Scalar,
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Some("avx2") => pulp::x86::V3::try_new().map_or(best, Arch::V3),
        _ => best,
    }
}

/// Whether the engine fuses multiplications and additions here, which rounds once instead of twice. All machines on which it
/// does give the same bits, and so do all others.
///
/// It does with AVX2, AVX-512 and NEON, unless the environment variable `NOCTULE_SIMD` is `baseline`.
pub fn is_fused() -> bool {
    match *CHOSEN {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Arch::V3(_) | Arch::V4(_) => true,
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(_) => true,
        _ => false,
    }
}

/// Runs a kernel in single precision.
pub(crate) fn run_f32(kernel: impl Kernel<f32>) {
    match *CHOSEN {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Arch::V4(isa) => isa.vectorize(
            #[inline(always)]
            || kernel.run(isa),
        ),
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Arch::V3(isa) => isa.vectorize(
            #[inline(always)]
            || kernel.run(isa),
        ),
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(isa) => isa.vectorize(
            #[inline(always)]
            || kernel.run(Portable::<true>),
        ),
        _ => kernel.run(Portable::<false>),
    }
}

/// Runs a kernel in any precision, without instructions of its own.
pub(crate) fn run_portable<T: Real>(kernel: impl Kernel<T>) {
    match *CHOSEN {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Arch::V3(isa) => isa.vectorize(
            #[inline(always)]
            || kernel.run(Portable::<true>),
        ),
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Arch::V4(isa) => isa.vectorize(
            #[inline(always)]
            || kernel.run(Portable::<true>),
        ),
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(isa) => isa.vectorize(
            #[inline(always)]
            || kernel.run(Portable::<true>),
        ),
        _ => kernel.run(Portable::<false>),
    }
}
