//! [`average_blend`]: how far a step moves the running mean of the weights.

/// How far the running mean of the weights moves towards the weights after step number `steps`, from 1: a mean `a` of a
/// weight `w` becomes `a + blend (w - a)`.
///
/// `keep` is [`SessionOptions::weight_average`](crate::SessionOptions::weight_average), from 0 to below 1. Early steps
/// keep less, so that the mean soon forgets the initial weights: after `n` early steps it is mostly over the last tenth
/// of them. The blend is `1 - min(keep, (steps + 1) / (steps + 10))`.
///
/// ```
/// use noctule_core::average_blend;
///
/// assert_eq!(average_blend(0.75, 8), 0.5);
/// assert_eq!(average_blend(0.75, 1_000), 0.25);
/// ```
pub fn average_blend(keep: f64, steps: u64) -> f64 {
    let steps = steps as f64;
    1.0 - keep.min((steps + 1.0) / (steps + 10.0))
}
