//! [`Lanes`]: the vector instructions that steps are made of, for each number type.

use noctule_core::Real;
use pulp::Simd;

/// Vectors of an instruction set.
pub(super) trait Lanes<S: Simd>: Real {
    /// A vector.
    type Vector: Copy;
    /// A truth value for each lane.
    type Mask: Copy;

    /// The slice as vectors; a rest that does not fill one is left out.
    fn vectors(slice: &[Self]) -> &[Self::Vector];
    /// The same, mutably.
    fn vectors_mut(slice: &mut [Self]) -> &mut [Self::Vector];
    /// A number in all lanes.
    fn splat(simd: S, value: Self) -> Self::Vector;
    /// `a + b`
    fn plus(simd: S, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a b + c`, fused where that is faster.
    fn multiply_add(simd: S, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// Where `a >= b`.
    fn at_least(simd: S, a: Self::Vector, b: Self::Vector) -> Self::Mask;
    /// Where one of the two is true.
    fn either(simd: S, a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// Whether it is true anywhere.
    fn any(simd: S, mask: Self::Mask) -> bool;
}

macro_rules! number {
    ($number:ty, $vector:ident, $mask:ident, $lanes:ident, $vectors:ident, $vectors_mut:ident, $splat:ident,
     $add:ident, $multiply_add:ident, $at_least:ident, $or:ident, $first:ident) => {
        impl<S: Simd> Lanes<S> for $number {
            type Vector = S::$vector;
            type Mask = S::$mask;

            #[inline(always)]
            fn vectors(slice: &[Self]) -> &[Self::Vector] {
                S::$vectors(slice).0
            }

            #[inline(always)]
            fn vectors_mut(slice: &mut [Self]) -> &mut [Self::Vector] {
                S::$vectors_mut(slice).0
            }

            #[inline(always)]
            fn splat(simd: S, value: Self) -> Self::Vector {
                simd.$splat(value)
            }

            #[inline(always)]
            fn plus(simd: S, a: Self::Vector, b: Self::Vector) -> Self::Vector {
                simd.$add(a, b)
            }

            #[inline(always)]
            fn multiply_add(
                simd: S,
                a: Self::Vector,
                b: Self::Vector,
                c: Self::Vector,
            ) -> Self::Vector {
                simd.$multiply_add(a, b, c)
            }

            #[inline(always)]
            fn at_least(simd: S, a: Self::Vector, b: Self::Vector) -> Self::Mask {
                simd.$at_least(a, b)
            }

            #[inline(always)]
            fn either(simd: S, a: Self::Mask, b: Self::Mask) -> Self::Mask {
                simd.$or(a, b)
            }

            #[inline(always)]
            fn any(simd: S, mask: Self::Mask) -> bool {
                simd.$first(mask) < S::$lanes
            }
        }
    };
}

number!(
    f32,
    f32s,
    m32s,
    F32_LANES,
    as_simd_f32s,
    as_mut_simd_f32s,
    splat_f32s,
    add_f32s,
    mul_add_e_f32s,
    greater_than_or_equal_f32s,
    or_m32s,
    first_true_m32s
);
number!(
    f64,
    f64s,
    m64s,
    F64_LANES,
    as_simd_f64s,
    as_mut_simd_f64s,
    splat_f64s,
    add_f64s,
    mul_add_e_f64s,
    greater_than_or_equal_f64s,
    or_m64s,
    first_true_m64s
);
