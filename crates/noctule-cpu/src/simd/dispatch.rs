//! Run-time choice of the instruction set.
//!
//! A pass is written once over an [`Isa`] and compiled for each instruction set listed here; [`CpuReal::run`] picks the
//! best one that the processor has. For tests, the environment variable `NOCTULE_SIMD` selects a lesser one: `baseline`
//! or `avx2`. [`check`] refuses other values, and an instruction set that the processor lacks.

use std::ffi::OsStr;
use std::sync::LazyLock;

use noctule_core::{EngineError, Real};
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
static CHOSEN: LazyLock<Arch> = LazyLock::new(|| match named_set() {
    Ok(Some(named)) => named,
    Ok(None) | Err(_) => Arch::new(),
});

/// Names an instruction set.
const VARIABLE: &str = "NOCTULE_SIMD";

/// Whether the environment variable `NOCTULE_SIMD`, if it is set, names an instruction set that can be used.
///
/// # Errors
/// If it does not.
pub(crate) fn check() -> Result<(), EngineError> {
    named_set().map(|_| ()).map_err(EngineError::Device)
}

/// The instruction set that the environment names; an empty variable counts as unset.
fn named_set() -> Result<Option<Arch>, String> {
    let name = std::env::var_os(VARIABLE).filter(|name| !name.is_empty());
    name.as_deref().map(instruction_set_of_name).transpose()
}

fn instruction_set_of_name(name: &OsStr) -> Result<Arch, String> {
    let found = match name.to_str() {
        Some("baseline") => Some(Arch::Scalar),
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Some("avx2") => pulp::x86::V3::try_new().map(Arch::V3),
        _ => None,
    };
    found.ok_or_else(|| {
        let name = name.display();
        let reason = match name.to_string().as_str() {
            "avx2" => "this processor does not have",
            _ => "Noctule does not know",
        };
        format!(
            "the environment variable {VARIABLE} is `{name}`, an instruction set that {reason}; it can be `baseline` or \
             `avx2`, or unset for the best"
        )
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_instruction_set_is_refused() {
        assert!(instruction_set_of_name(OsStr::new("baseline")).is_ok());
        for name in ["foo", "AVX2", "avx512"] {
            let message = instruction_set_of_name(OsStr::new(name)).unwrap_err();
            for part in ["NOCTULE_SIMD", name, "`baseline`", "`avx2`"] {
                assert!(message.contains(part), "{message}");
            }
        }
    }
}
