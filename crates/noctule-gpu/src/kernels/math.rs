//! `exp`, `ln`, and their variants near 0, to about 1 ulp on every back end.
//!
//! Vulkan allows 3 ulp and more for the built-in functions, and 400 ulp were seen for `ln` near 1. The exponentials of
//! the coefficients decide how exact spike times and gradients are. Nothing here depends on fused operations.

use cubecl::prelude::*;

const LOG2_E: f32 = std::f32::consts::LOG2_E;
const LN_2: f32 = std::f32::consts::LN_2;
/// The leading bits of `ln 2`: their product with a small integer is exact.
const LN_2_HIGH: f32 = 0.693_359_4;
/// `LN_2_HIGH - ln 2`.
const LN_2_LOW: f32 = 2.121_944e-4;

/// The octave `n` of `exp(x)`, and `exp(x - n ln 2) - 1`.
#[cube]
fn octave_and_rest(x: f32) -> (f32, f32) {
    let n = f32::floor(fma(x, LOG2_E, 0.5f32));
    let r = x - n * LN_2_HIGH;
    let r = r + n * LN_2_LOW;
    // The Taylor series up to r^7/7!.
    let p = fma(r, 1.984_127e-4_f32, 1.388_888_9e-3_f32);
    let p = fma(r, p, 8.333_333e-3_f32);
    let p = fma(r, p, 4.166_666_6e-2_f32);
    let p = fma(r, p, 0.166_666_67_f32);
    let p = fma(r, p, 0.5f32);
    (n, fma(r * r, p, r))
}

/// `2^n` for an integer `n` from -126 to 127.
#[cube]
fn power_of_two(n: f32) -> f32 {
    f32::reinterpret(u32::cast_from(n + 127.0) << 23u32)
}

/// `exp(x)` for `|x| < 80`.
#[cube]
pub(crate) fn exp(x: f32) -> f32 {
    let (n, rest) = octave_and_rest(x);
    (1.0 + rest) * power_of_two(n)
}

/// `exp(x) - 1` for `|x| < 80`.
#[cube]
pub(crate) fn exp_m1(x: f32) -> f32 {
    let (n, rest) = octave_and_rest(x);
    let scale = power_of_two(n);
    fma(scale, rest, scale - 1.0)
}

/// `ln(y)` for a normal `y > 0`.
#[cube]
pub(crate) fn ln(y: f32) -> f32 {
    // y = 2^n m with m from sqrt(1/2) to sqrt(2), and ln m = 2 artanh z with z = (m - 1)/(m + 1).
    let shifted = u32::reinterpret(y) - 0x3f35_04f3u32;
    let octave = (shifted >> 23u32) & 255u32;
    let mut n = f32::cast_from(octave);
    if octave >= 128u32 {
        n -= 256.0;
    }
    let m = f32::reinterpret((shifted & 0x007f_ffffu32) + 0x3f35_04f3u32);
    let z = (m - 1.0) / (m + 1.0);
    let q = z * z;
    let p = fma(q, 0.181_818_18_f32, 0.222_222_22_f32);
    let p = fma(q, p, 0.285_714_3_f32);
    let p = fma(q, p, 0.4f32);
    let p = fma(q, p, 0.666_666_7_f32);
    fma(n, LN_2, fma(z * q, p, 2.0 * z))
}

/// `ln(1 + x)` for `x > -1`.
#[cube]
pub(crate) fn ln_1p(x: f32) -> f32 {
    let y = 1.0 + x;
    let rest = y - 1.0;
    let mut logarithm = x;
    if rest != 0.0 {
        // The rounding of y cancels.
        logarithm = ln(y) * (x / rest);
    }
    logarithm
}
