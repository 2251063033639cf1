//! Run-time choice of the instruction set.
//!
//! A walk is written once over arrays of lanes; the compiler vectorises it for each instruction set that is listed
//! here, and [`run`] picks the best one the processor has.

use num_traits::Float;
use pulp::Arch;

/// Work that is compiled once for every instruction set.
pub(crate) trait Kernel {
    /// Does the work. `FUSED` says whether the instruction set has a fused multiply-add.
    fn run<const FUSED: bool>(self);
}

/// Runs a kernel with the best instruction set of this processor.
pub(crate) fn run<K: Kernel>(kernel: K) {
    match Arch::new() {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Arch::V3(simd) => simd.vectorize(
            #[inline(always)]
            || kernel.run::<true>(),
        ),
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(simd) => simd.vectorize(
            #[inline(always)]
            || kernel.run::<true>(),
        ),
        _ => kernel.run::<false>(),
    }
}

/// `a b + c`, in one rounding where the instruction set has it.
#[inline(always)]
pub(crate) fn multiply_add<const FUSED: bool, T: Float>(a: T, b: T, c: T) -> T {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}
