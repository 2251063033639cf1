//! Exponential and logarithm in single precision, without branches, so that loops over them are vectorised.
//!
//! They use neither fused operations nor the system's library, so they give the same bits on every machine. Their
//! errors are below two units in the last place.

/// ln 2 in two parts. The first has so few digits that its product with a small integer is exact.
const LN_2: (f32, f32) = (0.693_359_4, -2.121_944_4e-4);
/// Adding this to a number below 2^22 rounds it to an integer, which is then in the lowest bits.
const ROUNDER: f32 = 12_582_912.0;

/// The natural logarithm of a positive, normal number.
#[inline(always)]
pub(super) fn ln(x: f32) -> f32 {
    /// The bits of `sqrt(1/2)`.
    const LEAST: u32 = 0x3f35_04f3;
    // x = 2^exponent (1 + f), with 1 + f between sqrt(1/2) and sqrt(2).
    let exponent = x.to_bits().wrapping_sub(LEAST) as i32 >> 23;
    let f = f32::from_bits(x.to_bits().wrapping_sub((exponent << 23) as u32)) - 1.0;
    // ln(1 + f) = 2 artanh s = 2 s + 2 s^3/3 + ..., and 2 s = f - s f: the leading f is exact.
    let s = f / (2.0 + f);
    let square = s * s;
    let series = 2.0 / 3.0 + square * (2.0 / 5.0 + square * (2.0 / 7.0 + square * (2.0 / 9.0)));
    let half = 0.5 * f * f;
    let exponent = exponent as f32;
    let correction = s * (half + square * series) + exponent * LN_2.1;
    (correction - half) + f + exponent * LN_2.0
}

/// The exponential; 0 where it is below 2e-38, just above the subnormal numbers.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    const LEAST: f32 = -86.9;
    const MOST: f32 = 88.7;
    let bounded = x.clamp(LEAST, MOST);
    let rounded = bounded * std::f32::consts::LOG2_E + ROUNDER;
    let exponent = rounded - ROUNDER;
    let rest = (bounded - exponent * LN_2.0) - exponent * LN_2.1;
    let high = 1.0 / 120.0 + rest * (1.0 / 720.0 + rest * (1.0 / 5040.0));
    let series = 0.5 + rest * (1.0 / 6.0 + rest * (1.0 / 24.0 + rest * high));
    let mantissa = 1.0 + (rest + rest * rest * series);
    // 2^exponent in two factors, since 2^128 overflows.
    let half_power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(126 << 23));
    let result = mantissa * half_power * 2.0;
    if x > MOST {
        f32::INFINITY
    } else if x < LEAST {
        0.0
    } else {
        result
    }
}

/// `exp(x) - 1`, for numbers below 80; -1 below -80.
#[inline(always)]
pub(super) fn exp_m1(x: f32) -> f32 {
    const LEAST: f32 = -80.0;
    // Unlike `max`, this keeps NaN.
    let bounded = if x < LEAST { LEAST } else { x };
    let rounded = bounded * std::f32::consts::LOG2_E + ROUNDER;
    let exponent = rounded - ROUNDER;
    let rest = (bounded - exponent * LN_2.0) - exponent * LN_2.1;
    let high = 1.0 / 120.0 + rest * (1.0 / 720.0 + rest * (1.0 / 5040.0));
    let series = 0.5 + rest * (1.0 / 6.0 + rest * (1.0 / 24.0 + rest * high));
    // exp(rest) - 1, with all its digits where x is small.
    let gain = rest + rest * rest * series;
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(127 << 23));
    (power - 1.0) + power * gain
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest difference from the exact function, in units in the last place of the result.
    fn worst(
        fast: fn(f32) -> f32,
        exact: fn(f64) -> f64,
        points: impl Iterator<Item = f32>,
    ) -> f64 {
        points.fold(0.0, |worst, x| {
            let exact = exact(f64::from(x));
            let size = (exact.abs() as f32).max(f32::MIN_POSITIVE);
            let unit = f64::from(f32::from_bits(size.to_bits() + 1) - size);
            worst.max((f64::from(fast(x)) - exact).abs() / unit)
        })
    }

    #[test]
    fn the_logarithm_is_exact_to_two_units() {
        // Every exponent, and closely around 1.
        let all = (f32::MIN_POSITIVE.to_bits()..f32::MAX.to_bits()).step_by(997);
        assert!(worst(ln, f64::ln, all.map(f32::from_bits)) < 2.0);
        let near = (0.9_f32.to_bits()..1.1_f32.to_bits()).step_by(3);
        assert!(worst(ln, f64::ln, near.map(f32::from_bits)) < 2.0);
        assert_eq!(ln(1.0), 0.0);
    }

    #[test]
    fn the_exponential_less_one_is_exact_to_two_units() {
        let points = (-900_000..790_000).map(|n| n as f32 * 1e-4);
        assert!(worst(exp_m1, f64::exp_m1, points) < 2.0);
        let near = (-10_000..10_000).map(|n| n as f32 * 1e-7);
        assert!(worst(exp_m1, f64::exp_m1, near) < 2.0);
        let tiny = (-80..80).map(|n| n as f32 * 1e-30);
        assert!(worst(exp_m1, f64::exp_m1, tiny) < 2.0);
        assert_eq!(exp_m1(0.0), 0.0);
        assert_eq!(exp_m1(f32::NEG_INFINITY), -1.0);
        assert!(exp_m1(f32::NAN).is_nan());
    }

    #[test]
    fn the_exponential_is_exact_to_two_units() {
        let points = (-868_000..887_000).map(|n| n as f32 * 1e-4);
        assert!(worst(exp, f64::exp, points) < 2.0);
        let near = (-10_000..10_000).map(|n| n as f32 * 1e-7);
        assert!(worst(exp, f64::exp, near) < 2.0);
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(f32::INFINITY), f32::INFINITY);
        assert!(exp(f32::NAN).is_nan());
    }
}
