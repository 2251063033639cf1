//! Run-time choice of the instruction set.
//!
//! A pass is written once over an [`Isa`] and compiled for each instruction set listed here; [`CpuReal::run`] picks the
//! best one that the processor has. For tests, the environment variable `NOCTULE_SIMD` selects a lesser one: `baseline`
//! or `avx2`. Other values are ignored, and so is an instruction set that the processor lacks.

use std::sync::LazyLock;

use noctule_core::Real;
use pulp::Arch;

use crate::simd::isa::{Isa, Portable};

/// Work that is compiled for every instruction set.
pub(crate) trait Kernel<T> {
    /// Does the work.
    fn run<I: Isa<T>>(self, isa: I);
}

/// A number type that the CPU engine computes with.
pub(crate) trait CpuReal: Real {
    /// Runs a kernel with the best instruction set of this processor.
    fn run(kernel: impl Kernel<Self>);
}

impl CpuReal for f32 {
    fn run(kernel: impl Kernel<Self>) {
        run_f32(kernel);
    }
}

impl CpuReal for f64 {
    fn run(kernel: impl Kernel<Self>) {
        run_portable(kernel);
    }
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

/// Whether the engine uses fused multiply-add instructions on this machine; they round once instead of twice.
///
/// It uses them with AVX2, AVX-512 and NEON, unless the environment variable `NOCTULE_SIMD` is `baseline`. All machines
/// with fused instructions give the same bits, and so do all machines without.
pub fn is_fused() -> bool {
    match *CHOSEN {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Arch::V3(_) | Arch::V4(_) => true,
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(_) => true,
        _ => false,
    }
}

/// The name of the instruction set, for people.
pub(crate) fn instruction_set() -> &'static str {
    match *CHOSEN {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Arch::V4(_) => "AVX-512",
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Arch::V3(_) => "AVX2",
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(_) => "NEON",
        _ => "baseline instructions",
    }
}

/// Runs a kernel in single precision.
fn run_f32(kernel: impl Kernel<f32>) {
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

/// Runs a kernel on arrays, in any precision. The compiler vectorises them for the chosen instruction set.
fn run_portable<T: Real>(kernel: impl Kernel<T>) {
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
