//! Launches of optimiser steps, and of sums and checks over all parameters.
#![expect(unsafe_code, reason = "kernels are launched without bounds checks")]

use cubecl::prelude::*;
use noctule_core::Real;

use crate::gpu::{Buffer, Gpu};
use crate::kernels::batch;
use crate::kernels::optimiser::{
    self, MomentsLaunch, MomentumLaunch, Rule, clip_scale, find_too_large, squares,
};
use crate::launch::arguments::{MOST_CUBES, cubes_for};
use crate::launch::backward::Target;

/// Sums of squares of a gradient.
pub(crate) const SQUARES: usize = 256;

/// The buffers of a step, each with all parameters.
pub(crate) struct StepLists<'a> {
    pub gradient: &'a Buffer,
    pub weights: &'a Buffer,
    pub first: &'a Buffer,
    pub second: &'a Buffer,
    pub average: Option<&'a Buffer>,
    pub scale: Option<&'a Buffer>,
    pub state: &'a Buffer,
}

/// The numbers of a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepNumbers {
    pub rule: Rule,
    /// Keep, decay, first blend, second keep, second blend, root scale, epsilon, gradient step, moment step.
    pub moments: [f32; 9],
    /// Decay, momentum, gradient step, momentum step.
    pub momentum: [f32; 4],
    pub blend: f32,
}

/// Takes a step of the parameters in a range.
pub(crate) fn step<R: Runtime>(
    gpu: &Gpu<R>,
    lists: &StepLists<'_>,
    numbers: &StepNumbers,
    range: std::ops::Range<usize>,
    batch: u32,
) {
    let [a, b, c, d, e, f, g, h, i] = numbers.moments;
    let [k, l, m, n] = numbers.momentum;
    // SAFETY: one unit for each parameter of the range.
    unsafe {
        gpu.launch("step", |client| {
            optimiser::step::launch_unchecked::<R>(
                client,
                CubeCount::Static(cubes_for(range.len(), batch::UNITS), 1, 1),
                CubeDim::new_1d(batch::UNITS),
                lists.gradient.array(),
                lists.weights.array(),
                lists.first.array(),
                lists.second.array(),
                lists.average.unwrap_or(&gpu.nothing).array(),
                lists.scale.unwrap_or(&gpu.nothing).array(),
                lists.state.array(),
                range.start as u32,
                range.end as u32,
                batch,
                MomentsLaunch::new(a, b, c, d, e, f, g, h, i),
                MomentumLaunch::new(k, l, m, n),
                numbers.blend,
                numbers.rule,
                lists.scale.is_some(),
                lists.average.is_some(),
            )
        });
    }
}

/// Sets the gradient to 0.
pub(crate) fn clear_gradient<R: Runtime>(gpu: &Gpu<R>, target: &Target<'_>) {
    // SAFETY: one unit for each number.
    unsafe {
        gpu.launch("clear_gradient", |client| {
            batch::clear_gradient::launch_unchecked::<R>(
                client,
                CubeCount::Static(cubes_for(target.gradient.len(), batch::UNITS), 1, 1),
                CubeDim::new_1d(batch::UNITS),
                target.gradient.array(),
                target.gradient.len() as u32,
                target.batch,
                target.state.array(),
            )
        });
    }
}

/// Sums the squares of the gradient in [`SQUARES`] parts; with a largest norm, also finds the factor of clipping.
pub(crate) fn sum_squares<R: Runtime>(
    gpu: &Gpu<R>,
    gradient: &Buffer,
    sums: &Buffer,
    clip: Option<(f32, &Buffer)>,
) {
    // SAFETY: one sum for each cube.
    unsafe {
        gpu.launch("squares", |client| {
            squares::launch_unchecked::<R>(
                client,
                CubeCount::Static(SQUARES as u32, 1, 1),
                CubeDim::new_1d(batch::UNITS),
                gradient.array(),
                gradient.len() as u32,
                sums.array(),
            )
        });
        if let Some((max_norm, scale)) = clip {
            gpu.launch("clip_scale", |client| {
                clip_scale::launch_unchecked::<R>(
                    client,
                    CubeCount::Static(1, 1, 1),
                    CubeDim::new_1d(1),
                    sums.array(),
                    SQUARES as u32,
                    max_norm,
                    scale.array(),
                )
            });
        }
    }
}

/// Sets `flags[0]` if a weight is NaN or too large.
pub(crate) fn look_for_too_large<R: Runtime>(gpu: &Gpu<R>, values: &Buffer, flags: &Buffer) {
    // SAFETY: the kernel stays below the length.
    unsafe {
        gpu.launch("find_too_large", |client| {
            find_too_large::launch_unchecked::<R>(
                client,
                CubeCount::Static(cubes_for(values.len(), batch::UNITS).min(MOST_CUBES), 1, 1),
                CubeDim::new_1d(batch::UNITS),
                values.array(),
                values.len() as u32,
                f32::largest_weight().to_bits(),
                flags.array(),
            )
        });
    }
}
