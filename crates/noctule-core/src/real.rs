//! The floating-point type a network computes in: [`f32`] or [`f64`].

mod quick;

use std::fmt::{Debug, Display};
use std::iter::Sum;
use std::ops::{AddAssign, DivAssign, MulAssign, SubAssign};

use num_traits::Float;

#[expect(private_bounds, reason = "nobody else can name it")]
mod sealed {
    use crate::engine::dispatch::{self, Kernel};

    /// Keeps other types out, and knows how the engine computes with this one.
    pub trait Sealed: Sized {
        /// Runs a kernel with the best instruction set of this processor.
        fn run(kernel: impl Kernel<Self>);
    }

    impl Sealed for f32 {
        fn run(kernel: impl Kernel<Self>) {
            dispatch::run_f32(kernel);
        }
    }

    impl Sealed for f64 {
        fn run(kernel: impl Kernel<Self>) {
            dispatch::run_portable(kernel);
        }
    }
}

/// A floating-point type that every layer, loss and engine is generic over.
///
/// Implemented for `f32` (training) and `f64` (certification); it is sealed because the engines are only tested with
/// these two.
pub trait Real:
    sealed::Sealed
    + Float
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + Sum
    + Debug
    + Display
    + Default
    + Send
    + Sync
    + 'static
{
    /// Converts from `f64`, rounding to the nearest representable value.
    fn of(value: f64) -> Self;

    /// Converts to `f64` exactly.
    fn to_f64(self) -> f64;

    /// The nearest whole number to one that is not negative and less than 2^23.
    fn nearest(self) -> u32;

    /// Orders two numbers that are known not to be NaN.
    fn order(&self, other: &Self) -> std::cmp::Ordering;

    /// The exponential, to within two units in the last place; 0 or infinity where the result is no normal number. Like the
    /// other quick and precise functions, and unlike those of the system's library, it is the same bits on every machine.
    fn quick_exp(self) -> Self;

    /// The natural logarithm of a positive, normal number, to within two units in the last place.
    fn quick_ln(self) -> Self;

    /// The exponential, to within a unit in the last place.
    fn precise_exp(self) -> Self;

    /// `exp(self) - 1`, to within a unit in the last place.
    fn precise_exp_m1(self) -> Self;

    /// `ln(1 + self)`, to within a unit in the last place.
    fn precise_ln_1p(self) -> Self;

    /// The principal branch of the Lambert W function, `w exp(w) = self`.
    fn lambert_w0(self) -> Self;
}

impl Real for f32 {
    #[inline(always)]
    fn of(value: f64) -> Self {
        value as f32
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn nearest(self) -> u32 {
        // 2^23 has no bits behind the point.
        const WHOLE: f32 = (1 << 23) as f32;
        (WHOLE + self).to_bits() & !WHOLE.to_bits()
    }

    #[inline(always)]
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.total_cmp(other)
    }

    #[inline(always)]
    fn quick_exp(self) -> Self {
        quick::exp(self)
    }

    #[inline(always)]
    fn quick_ln(self) -> Self {
        quick::ln(self)
    }

    fn precise_exp(self) -> Self {
        libm::expf(self)
    }

    fn precise_exp_m1(self) -> Self {
        libm::expm1f(self)
    }

    fn precise_ln_1p(self) -> Self {
        libm::log1pf(self)
    }

    fn lambert_w0(self) -> Self {
        lambert_w::lambert_w0f(self)
    }
}

impl Real for f64 {
    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }

    #[inline(always)]
    fn nearest(self) -> u32 {
        (self + 0.5) as u32
    }

    #[inline(always)]
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.total_cmp(other)
    }

    #[inline(always)]
    fn quick_exp(self) -> Self {
        libm::exp(self)
    }

    #[inline(always)]
    fn quick_ln(self) -> Self {
        libm::log(self)
    }

    fn precise_exp(self) -> Self {
        libm::exp(self)
    }

    fn precise_exp_m1(self) -> Self {
        libm::expm1(self)
    }

    fn precise_ln_1p(self) -> Self {
        libm::log1p(self)
    }

    fn lambert_w0(self) -> Self {
        lambert_w::lambert_w0(self)
    }
}
