//! The losses of `noctule_core::Loss`, and predictions: a cube for each sample, with classes spread over its units.

use cubecl::prelude::*;

use crate::kernels::geometry::CUBE;
use crate::kernels::lists::Spikes;
use crate::kernels::math::{exp, exp_m1, ln};

/// The time of a neuron that did not spike, where the earliest is sought.
const NEVER: f32 = 1e30;
/// The smallest exponent of a softmax that is not taken for `-infinity`.
const LEAST_EXPONENT: f32 = -80.0;

/// What is evaluated.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum LossKind {
    SpikeCount,
    CountSoftmax,
    FirstSpike,
    SpikeTime,
    /// Only a prediction.
    None,
}

/// How a loss, or a call of `predict`, is evaluated; each combination is a kernel of its own.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct LossOptions {
    pub kind: LossKind,
    /// Whether the class with the most spikes is predicted; otherwise the one with the first spike.
    pub by_count: bool,
    pub classes: u32,
    /// Layers with spikes; the totals of each go into the verdict.
    pub layers: u32,
}

/// The numbers of a loss; which ones a loss uses, its kind says.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub(crate) struct LossNumbers {
    pub target_true: f32,
    pub target_false: f32,
    /// The temperature, or the time scale of `SpikeTime`.
    pub scale: f32,
    pub silent_time: f32,
    pub pull_strength: f32,
    pub pull_time: f32,
    /// What errors are multiplied by: 1 / samples.
    pub mean: f32,
    /// Length of a segment in seconds.
    pub segment: f32,
}

/// Evaluates a loss. `verdicts` gets `[loss (bits), prediction + 1 (0: none), spikes of each layer]` of each sample from
/// `verdicts_start` on; `errors` gets `dL/dt` in the slot of each spike. Labels need not be those of neurons without a
/// loss. `totals` has shape `[layers, totals_stride]`.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
pub(crate) fn evaluate(
    spikes: &Spikes,
    labels: &Array<u32>,
    totals: &Array<u32>,
    totals_stride: u32,
    numbers: &LossNumbers,
    errors: &mut Array<f32>,
    verdicts: &mut Array<u32>,
    verdicts_start: u32,
    #[comptime] options: LossOptions,
) {
    let classes = comptime!(options.classes);
    let mut counts = SharedMemory::<u32>::new(classes as usize);
    let mut times = SharedMemory::<f32>::new(classes as usize);
    // The largest score and the sum of the exponentials of a softmax.
    let mut softmax = SharedMemory::<f32>::new(2usize);
    let sample = CUBE_POS_X;
    let mut label = 0u32;
    if comptime!(options.kind != LossKind::None) {
        label = labels[sample as usize];
    }
    let mut class = UNIT_POS_X;
    while class < classes {
        let cell = (sample * classes + class) as usize;
        counts[class as usize] = spikes.tallies[cell];
        let first = spikes.firsts[cell];
        let mut time = f32::new(NEVER);
        if first != 0 {
            let record = spikes.records[(first - 1) as usize];
            let segment = f32::cast_from(u32::reinterpret(record[3]));
            time = fma(segment, numbers.segment, record[0]);
        }
        times[class as usize] = time;
        class += CUBE;
    }
    sync_cube();
    if UNIT_POS_X == 0 {
        let (loss, highest, sum) = loss_of(&counts, &times, label, numbers, options);
        softmax[0] = highest;
        softmax[1] = sum;
        let at = verdicts_start + sample * comptime!(2 + options.layers);
        verdicts[at as usize] = u32::reinterpret(loss);
        verdicts[(at + 1) as usize] = predict(&counts, &times, options);
        for layer in 0..comptime!(options.layers) {
            verdicts[(at + 2 + layer) as usize] = totals[(layer * totals_stride + sample) as usize];
        }
    }
    if comptime!(options.kind != LossKind::None) {
        sync_cube();
        let mut class = UNIT_POS_X;
        while class < classes {
            let time = times[class as usize];
            let count = counts[class as usize];
            let error = error_of(
                class, label, count, time, softmax[0], softmax[1], numbers, options,
            );
            let of_all = comptime!(
                options.kind == LossKind::SpikeCount || options.kind == LossKind::CountSoftmax
            );
            let cell = (sample * classes + class) as usize;
            let mut slot = spikes.lasts[cell];
            while slot != 0 {
                let link = spikes.links[(slot - 1) as usize];
                // Losses of times act on the first spike.
                let mut share = error * numbers.mean;
                if !of_all && link != 0 {
                    share = f32::new(0.0);
                }
                errors[(slot - 1) as usize] = share;
                slot = link;
            }
            class += CUBE;
        }
    }
}

/// The score of a class in a softmax.
#[cube]
fn score_of(count: u32, time: f32, numbers: &LossNumbers, #[comptime] options: LossOptions) -> f32 {
    let mut score = f32::cast_from(count) / numbers.scale;
    if comptime!(options.kind == LossKind::FirstSpike) {
        score = -time_or_silent(time, numbers) / numbers.scale;
    }
    score
}

#[cube]
fn time_or_silent(time: f32, numbers: &LossNumbers) -> f32 {
    let mut counted = time;
    if time >= NEVER {
        counted = numbers.silent_time;
    }
    counted
}

#[cube]
fn target_of(class: u32, label: u32, numbers: &LossNumbers) -> f32 {
    let mut target = numbers.target_false;
    if class == label {
        target = numbers.target_true;
    }
    target
}

/// The loss of a sample; of a softmax, also its largest score and the sum of its exponentials.
#[cube]
fn loss_of(
    counts: &SharedMemory<u32>,
    times: &SharedMemory<f32>,
    label: u32,
    numbers: &LossNumbers,
    #[comptime] options: LossOptions,
) -> (f32, f32, f32) {
    let classes = comptime!(options.classes);
    let mut loss = f32::new(0.0);
    let mut highest = f32::new(-NEVER);
    let mut sum = f32::new(0.0);
    if comptime!(options.kind == LossKind::SpikeCount) {
        for class in 0..classes {
            let missing = target_of(class, label, numbers) - f32::cast_from(counts[class as usize]);
            loss += 0.5 * missing * missing;
        }
    }
    if comptime!(options.kind == LossKind::SpikeTime) {
        for class in 0..classes {
            let time = time_or_silent(times[class as usize], numbers);
            let distance = (time - target_of(class, label, numbers)) / numbers.scale;
            loss += 0.5 * distance * distance;
        }
    }
    if comptime!(options.kind == LossKind::CountSoftmax || options.kind == LossKind::FirstSpike) {
        for class in 0..classes {
            let score = score_of(
                counts[class as usize],
                times[class as usize],
                numbers,
                options,
            );
            highest = f32::max(highest, score);
        }
        for class in 0..classes {
            let score = score_of(
                counts[class as usize],
                times[class as usize],
                numbers,
                options,
            );
            if score - highest > LEAST_EXPONENT {
                sum += exp(score - highest);
            }
        }
        let score = score_of(
            counts[label as usize],
            times[label as usize],
            numbers,
            options,
        );
        loss = ln(sum) - (score - highest);
        if comptime!(options.kind == LossKind::FirstSpike) {
            let exponent = time_or_silent(times[label as usize], numbers) / numbers.pull_time;
            loss += numbers.pull_strength * exp_m1(f32::min(exponent, f32::new(-LEAST_EXPONENT)));
        }
    }
    (loss, highest, sum)
}

/// `dL/dt` of the spikes of a class, before the mean over the samples.
#[cube]
#[allow(clippy::too_many_arguments, reason = "the results of a softmax")]
fn error_of(
    class: u32,
    label: u32,
    count: u32,
    time: f32,
    highest: f32,
    sum: f32,
    numbers: &LossNumbers,
    #[comptime] options: LossOptions,
) -> f32 {
    let mut error = f32::new(0.0);
    if comptime!(options.kind == LossKind::SpikeCount) {
        error = target_of(class, label, numbers) - f32::cast_from(count);
    }
    if comptime!(options.kind == LossKind::SpikeTime) {
        error = (time - target_of(class, label, numbers)) / (numbers.scale * numbers.scale);
    }
    if comptime!(options.kind == LossKind::CountSoftmax || options.kind == LossKind::FirstSpike) {
        let exponent = score_of(count, time, numbers, options) - highest;
        if exponent > LEAST_EXPONENT {
            error -= exp(exponent) / sum / numbers.scale;
        }
        if class == label {
            error += 1.0 / numbers.scale;
            if comptime!(options.kind == LossKind::FirstSpike) {
                let exponent = time_or_silent(time, numbers) / numbers.pull_time;
                let growth = exp(f32::min(exponent, f32::new(-LEAST_EXPONENT)));
                error += numbers.pull_strength / numbers.pull_time * growth;
            }
        }
    }
    error
}

/// The predicted class plus 1; 0 if no neuron spiked.
#[cube]
fn predict(
    counts: &SharedMemory<u32>,
    times: &SharedMemory<f32>,
    #[comptime] options: LossOptions,
) -> u32 {
    let mut best = 0u32;
    let mut most = 0u32;
    let mut earliest = f32::new(NEVER);
    for class in 0..comptime!(options.classes) {
        let count = counts[class as usize];
        let time = times[class as usize];
        let mut wins = time < earliest;
        if comptime!(options.by_count) {
            wins = count > most || (count == most && time < earliest);
        }
        if wins && count > 0 {
            best = class + 1;
            most = count;
            earliest = time;
        }
    }
    best
}
