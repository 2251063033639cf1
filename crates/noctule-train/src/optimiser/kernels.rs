//! The inner loops: one pass over a chunk that updates state and parameters and clears the gradient.
//!
//! Products and sums stay separate (no fused multiply-add), so that every SIMD width rounds alike.

use pulp::{Simd, WithSimd};

/// Below this size a running mean is set to zero. Weights that rarely receive a gradient would otherwise decay into
/// subnormal numbers, stay there for ever, and slow each step down many times; a step this small moves no weight.
const NEGLIGIBLE: f32 = 1e-30;

#[inline(always)]
fn without_negligible(value: f32, threshold: f32) -> f32 {
    if value.abs() < threshold { 0.0 } else { value }
}

/// Scalars of one Adam-like step, with both bias corrections folded in.
///
/// With g = gradient + `decay` p, m and v the running means of g and g², a parameter p becomes
/// `keep` p - (`gradient_step` g + `moment_step` m) / (sqrt(v) `root_scale` + `epsilon`).
#[derive(Clone, Copy, Debug)]
pub(super) struct MomentStep {
    pub keep: f32,
    pub decay: f32,
    pub first_blend: f32,
    pub second_keep: f32,
    pub second_blend: f32,
    pub root_scale: f32,
    pub epsilon: f32,
    pub gradient_step: f32,
    pub moment_step: f32,
}

pub(super) struct MomentKernel<'a> {
    pub step: MomentStep,
    pub parameters: &'a mut [f32],
    pub gradients: &'a mut [f32],
    pub first: &'a mut [f32],
    pub second: &'a mut [f32],
}

impl WithSimd for MomentKernel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        moment_loop(
            self.step,
            self.parameters,
            self.gradients,
            self.first,
            self.second,
        );
    }
}

#[inline(always)]
fn moment_loop(
    step: MomentStep,
    parameters: &mut [f32],
    gradients: &mut [f32],
    first: &mut [f32],
    second: &mut [f32],
) {
    let moments = first.iter_mut().zip(second);
    for ((parameter, gradient), (first, second)) in
        parameters.iter_mut().zip(gradients).zip(moments)
    {
        let slope = *gradient + step.decay * *parameter;
        let mean = without_negligible(*first + (slope - *first) * step.first_blend, NEGLIGIBLE);
        let square = *second * step.second_keep + slope * slope * step.second_blend;
        let square = without_negligible(square, f32::MIN_POSITIVE);
        let scale = square.sqrt() * step.root_scale + step.epsilon;
        let change = (step.gradient_step * slope + step.moment_step * mean) / scale;
        *parameter = *parameter * step.keep - change;
        *first = mean;
        *second = square;
        *gradient = 0.0;
    }
}

/// Scalars of one step of gradient descent with momentum.
///
/// With g = gradient + `decay` p and b = `momentum` b + g, a parameter p becomes p - `gradient_step` g - `momentum_step` b.
#[derive(Clone, Copy, Debug)]
pub(super) struct MomentumStep {
    pub decay: f32,
    pub momentum: f32,
    pub gradient_step: f32,
    pub momentum_step: f32,
}

pub(super) struct MomentumKernel<'a> {
    pub step: MomentumStep,
    pub parameters: &'a mut [f32],
    pub gradients: &'a mut [f32],
    pub buffer: &'a mut [f32],
}

impl WithSimd for MomentumKernel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        momentum_loop(self.step, self.parameters, self.gradients, self.buffer);
    }
}

#[inline(always)]
fn momentum_loop(
    step: MomentumStep,
    parameters: &mut [f32],
    gradients: &mut [f32],
    buffer: &mut [f32],
) {
    for ((parameter, gradient), buffer) in parameters.iter_mut().zip(gradients).zip(buffer) {
        let slope = *gradient + step.decay * *parameter;
        let average = without_negligible(step.momentum * *buffer + slope, NEGLIGIBLE);
        *parameter -= step.gradient_step * slope + step.momentum_step * average;
        *buffer = average;
        *gradient = 0.0;
    }
}

/// Plain gradient descent: p becomes p - `learning_rate` (gradient + `decay` p).
pub(super) struct DescentKernel<'a> {
    pub learning_rate: f32,
    pub decay: f32,
    pub parameters: &'a mut [f32],
    pub gradients: &'a mut [f32],
}

impl WithSimd for DescentKernel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        descent_loop(
            self.learning_rate,
            self.decay,
            self.parameters,
            self.gradients,
        );
    }
}

#[inline(always)]
fn descent_loop(learning_rate: f32, decay: f32, parameters: &mut [f32], gradients: &mut [f32]) {
    for (parameter, gradient) in parameters.iter_mut().zip(gradients) {
        *parameter -= learning_rate * (*gradient + decay * *parameter);
        *gradient = 0.0;
    }
}
