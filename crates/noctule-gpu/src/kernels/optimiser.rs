//! Steps of the optimiser, the running mean of the weights, and the norm of the gradient.
//!
//! A step passes once over all parameters of the network, which lie in one buffer. After a batch that overflowed no step
//! changes anything, until the host has run the batch again.

use cubecl::prelude::*;

use crate::kernels::batch::UNITS;

/// The numbers of a step of Adam, AdamW or NAdam; see `noctule_core::MomentStep`.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub(crate) struct Moments {
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

/// The numbers of a step of gradient descent with momentum; see `noctule_core::MomentumStep`.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub(crate) struct Momentum {
    pub decay: f32,
    pub momentum: f32,
    pub gradient_step: f32,
    pub momentum_step: f32,
}

/// The rule of a step; each is a kernel of its own.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Rule {
    Descent,
    Momentum,
    Moments,
}

/// The magnitude below which a running mean is set to zero, as in the CPU engine.
const NEGLIGIBLE: f32 = 1e-30;
/// The smallest normal number.
const LEAST_NORMAL: f32 = f32::MIN_POSITIVE;

/// Takes a step of the parameters from `start` to `end`, and clears their gradient.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments, reason = "the state of an optimiser")]
pub(crate) fn step(
    gradient: &mut Array<f32>,
    weights: &mut Array<f32>,
    first: &mut Array<f32>,
    second: &mut Array<f32>,
    average: &mut Array<f32>,
    scale: &Array<f32>,
    state: &Array<u32>,
    start: u32,
    end: u32,
    batch: u32,
    moments: &Moments,
    momentum: &Momentum,
    blend: f32,
    #[comptime] rule: Rule,
    #[comptime] clips: bool,
    #[comptime] averages: bool,
) {
    let unit = start + ABSOLUTE_POS_X;
    if unit < end && state[0] > batch {
        let at = unit as usize;
        let mut slope = gradient[at];
        if comptime!(clips) {
            slope *= scale[0];
        }
        let mut weight = weights[at];
        if comptime!(rule == Rule::Descent) {
            weight -= momentum.gradient_step * (slope + momentum.decay * weight);
        }
        if comptime!(rule == Rule::Momentum) {
            slope += momentum.decay * weight;
            let mut mean = momentum.momentum * first[at] + slope;
            if f32::abs(mean) < NEGLIGIBLE {
                mean = f32::new(0.0);
            }
            weight -= momentum.gradient_step * slope + momentum.momentum_step * mean;
            first[at] = mean;
        }
        if comptime!(rule == Rule::Moments) {
            slope += moments.decay * weight;
            let before = first[at];
            let mut mean = before + (slope - before) * moments.first_blend;
            if f32::abs(mean) < NEGLIGIBLE {
                mean = f32::new(0.0);
            }
            let mut square =
                second[at] * moments.second_keep + slope * slope * moments.second_blend;
            if square < LEAST_NORMAL {
                square = f32::new(0.0);
            }
            let root = f32::sqrt(square) * moments.root_scale + moments.epsilon;
            let change = (moments.gradient_step * slope + moments.moment_step * mean) / root;
            weight = weight * moments.keep - change;
            first[at] = mean;
            second[at] = square;
        }
        weights[at] = weight;
        gradient[at] = 0.0f32;
        if comptime!(averages) {
            let mean = average[at];
            average[at] = mean + blend * (weight - mean);
        }
    }
}

/// Sums of squares, one for each cube of [`UNITS`] units.
#[cube(launch_unchecked)]
pub(crate) fn squares(values: &Array<f32>, length: u32, sums: &mut Array<f32>) {
    let mut partial = SharedMemory::<f32>::new(UNITS as usize);
    let unit = UNIT_POS_X;
    let mut sum = 0.0f32;
    let mut at = ABSOLUTE_POS_X;
    while at < length {
        let value = values[at as usize];
        sum = fma(value, value, sum);
        at += CUBE_DIM_X * CUBE_COUNT_X;
    }
    partial[unit as usize] = sum;
    sync_cube();
    let mut half = CUBE_DIM_X / 2;
    while half > 0 {
        if unit < half {
            partial[unit as usize] += partial[(unit + half) as usize];
        }
        sync_cube();
        half /= 2;
    }
    if unit == 0 {
        sums[CUBE_POS_X as usize] = partial[0];
    }
}

/// What a gradient whose squares have these sums must be multiplied by, so that its norm is at most `max_norm`.
#[cube(launch_unchecked)]
pub(crate) fn clip_scale(sums: &Array<f32>, count: u32, max_norm: f32, scale: &mut Array<f32>) {
    if ABSOLUTE_POS_X == 0 {
        let mut sum = 0.0f32;
        for at in 0..count {
            sum += sums[at as usize];
        }
        let norm = f32::sqrt(sum);
        let mut factor = f32::new(1.0);
        if norm > max_norm {
            factor = max_norm / norm;
        }
        scale[0] = factor;
    }
}

/// Sets `flags[0]` to 1 if a value is NaN, or larger than the number with the bits `most`.
#[cube(launch_unchecked)]
pub(crate) fn find_too_large(
    values: &Array<u32>,
    length: u32,
    most: u32,
    flags: &Array<Atomic<u32>>,
) {
    let mut at = ABSOLUTE_POS_X;
    while at < length {
        // Without the sign, bits are in the order of the numbers; NaN and infinity come last.
        if (values[at as usize] & 0x7fff_ffffu32) > most {
            flags[0].fetch_or(1u32);
        }
        at += CUBE_DIM_X * CUBE_COUNT_X;
    }
}
