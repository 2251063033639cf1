//! [`Real`]: the floating-point type of a network, [`f32`] or [`f64`].

mod fast;

use std::fmt::{Debug, Display};
use std::iter::Sum;
use std::ops::{AddAssign, DivAssign, MulAssign, SubAssign};

use num_traits::Float;

mod sealed {
    /// Prevents implementations for other types.
    pub trait Sealed {}

    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A floating-point type that every layer, loss and engine is generic over.
///
/// It is implemented for `f32` (training) and `f64` (certification), and sealed because engines are only tested with
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

    /// The largest size of a weight: about 1.1e15 in `f32`, 8e149 in `f64`. Currents are sums of weights, and crossings square
    /// them: 16,384 of the largest at once do not overflow.
    fn largest_weight() -> Self {
        Self::max_value().sqrt() / Self::of(16_384.0)
    }

    /// The nearest integer; only for numbers from 0 to below 2^23.
    fn round_to_u32(self) -> u32;

    /// The bytes of the number, the lowest first.
    fn to_le_bytes_vec(self) -> Vec<u8>;

    /// The total order of IEEE 754, which also orders NaN and signed zeros.
    fn total_order(&self, other: &Self) -> std::cmp::Ordering;

    /// The exponential, to within two units in the last place; results that are not normal numbers may become 0 or
    /// infinity. Like the other fast and precise functions, and unlike those of the system's library, it gives the same
    /// bits on every machine.
    fn fast_exp(self) -> Self;

    /// `exp(self) - 1`, to within two units in the last place, for numbers below 80.
    fn fast_exp_m1(self) -> Self;

    /// The natural logarithm of a positive, normal number, to within two units in the last place.
    fn fast_ln(self) -> Self;

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
    fn round_to_u32(self) -> u32 {
        // From 2^23 on, `f32` has no fractional bits, so the addition rounds.
        const WHOLE: f32 = (1 << 23) as f32;
        (WHOLE + self).to_bits() & !WHOLE.to_bits()
    }

    fn to_le_bytes_vec(self) -> Vec<u8> {
        self.to_le_bytes().to_vec()
    }

    #[inline(always)]
    fn total_order(&self, other: &Self) -> std::cmp::Ordering {
        self.total_cmp(other)
    }

    #[inline(always)]
    fn fast_exp(self) -> Self {
        fast::exp(self)
    }

    #[inline(always)]
    fn fast_exp_m1(self) -> Self {
        fast::exp_m1(self)
    }

    #[inline(always)]
    fn fast_ln(self) -> Self {
        fast::ln(self)
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
    fn round_to_u32(self) -> u32 {
        (self + 0.5) as u32
    }

    fn to_le_bytes_vec(self) -> Vec<u8> {
        self.to_le_bytes().to_vec()
    }

    #[inline(always)]
    fn total_order(&self, other: &Self) -> std::cmp::Ordering {
        self.total_cmp(other)
    }

    #[inline(always)]
    fn fast_exp(self) -> Self {
        libm::exp(self)
    }

    #[inline(always)]
    fn fast_exp_m1(self) -> Self {
        libm::expm1(self)
    }

    #[inline(always)]
    fn fast_ln(self) -> Self {
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
