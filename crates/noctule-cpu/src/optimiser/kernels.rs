//! The inner loops of optimiser steps: one pass over a chunk updates state and parameters and clears the gradient.
//!
//! There is no fused multiply-add, so every SIMD width gives the same bits.

use noctule_core::{MomentStep, MomentumStep, OptimiserStep, Real};
use pulp::{Simd, WithSimd};

#[inline(always)]
fn without_negligible<T: Real>(value: T, threshold: T) -> T {
    if value.abs() < threshold {
        T::zero()
    } else {
        value
    }
}

/// A step of Adam, AdamW or NAdam on a chunk.
pub(super) struct MomentKernel<'a, T> {
    pub step: MomentStep<T>,
    pub parameters: &'a mut [T],
    pub gradients: &'a mut [T],
    pub first: &'a mut [T],
    pub second: &'a mut [T],
}

impl<T: Real> WithSimd for MomentKernel<'_, T> {
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
fn moment_loop<T: Real>(
    step: MomentStep<T>,
    parameters: &mut [T],
    gradients: &mut [T],
    first: &mut [T],
    second: &mut [T],
) {
    let moments = first.iter_mut().zip(second);
    for ((parameter, gradient), (first, second)) in
        parameters.iter_mut().zip(gradients).zip(moments)
    {
        let slope = *gradient + step.decay * *parameter;
        let mean = without_negligible(
            *first + (slope - *first) * step.first_blend,
            T::of(OptimiserStep::NEGLIGIBLE),
        );
        let square = *second * step.second_keep + slope * slope * step.second_blend;
        let square = without_negligible(square, T::min_positive_value());
        let scale = square.sqrt() * step.root_scale + step.epsilon;
        let change = (step.gradient_step * slope + step.moment_step * mean) / scale;
        *parameter = *parameter * step.keep - change;
        *first = mean;
        *second = square;
        *gradient = T::zero();
    }
}

/// A step of gradient descent with momentum on a chunk.
pub(super) struct MomentumKernel<'a, T> {
    pub step: MomentumStep<T>,
    pub parameters: &'a mut [T],
    pub gradients: &'a mut [T],
    pub buffer: &'a mut [T],
}

impl<T: Real> WithSimd for MomentumKernel<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        momentum_loop(self.step, self.parameters, self.gradients, self.buffer);
    }
}

#[inline(always)]
fn momentum_loop<T: Real>(
    step: MomentumStep<T>,
    parameters: &mut [T],
    gradients: &mut [T],
    buffer: &mut [T],
) {
    for ((parameter, gradient), buffer) in parameters.iter_mut().zip(gradients).zip(buffer) {
        let slope = *gradient + step.decay * *parameter;
        let average = without_negligible(
            step.momentum * *buffer + slope,
            T::of(OptimiserStep::NEGLIGIBLE),
        );
        *parameter -= step.gradient_step * slope + step.momentum_step * average;
        *buffer = average;
        *gradient = T::zero();
    }
}

/// A step of plain gradient descent on a chunk: p becomes p - `learning_rate` (gradient + `decay` p).
pub(super) struct DescentKernel<'a, T> {
    pub learning_rate: T,
    pub decay: T,
    pub parameters: &'a mut [T],
    pub gradients: &'a mut [T],
}

impl<T: Real> WithSimd for DescentKernel<'_, T> {
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
fn descent_loop<T: Real>(learning_rate: T, decay: T, parameters: &mut [T], gradients: &mut [T]) {
    for (parameter, gradient) in parameters.iter_mut().zip(gradients) {
        *parameter -= learning_rate * (*gradient + decay * *parameter);
        *gradient = T::zero();
    }
}
