//! The numbers of losses and steps, as kernels take them: in single precision.

use noctule_core::{Loss, OptimiserStep};

use crate::kernels::loss::LossKind;
use crate::kernels::optimiser::Rule;
use crate::launch::parameters::StepNumbers;

/// The numbers of a step; `blend` is how far the running mean moves.
pub(super) fn step_numbers(step: OptimiserStep, blend: f64) -> StepNumbers {
    let mut numbers = StepNumbers {
        rule: Rule::Descent,
        moments: [0.0; 9],
        momentum: [0.0; 4],
        blend: blend as f32,
    };
    match step {
        OptimiserStep::Descent {
            learning_rate,
            decay,
        } => numbers.momentum = [decay as f32, 0.0, learning_rate as f32, 0.0],
        OptimiserStep::Momentum(step) => {
            let step = step.rounded::<f32>();
            numbers.rule = Rule::Momentum;
            numbers.momentum = [
                step.decay,
                step.momentum,
                step.gradient_step,
                step.momentum_step,
            ];
        }
        OptimiserStep::Moments(step) => {
            let step = step.rounded::<f32>();
            numbers.rule = Rule::Moments;
            numbers.moments = [
                step.keep,
                step.decay,
                step.first_blend,
                step.second_keep,
                step.second_blend,
                step.root_scale,
                step.epsilon,
                step.gradient_step,
                step.moment_step,
            ];
        }
    }
    numbers
}

/// The kind of a loss, whether it predicts by counts, and its numbers but for the mean and the segment.
pub(super) fn loss_call(loss: &Loss) -> (LossKind, bool, [f32; 6]) {
    let single = |numbers: [f64; 6]| numbers.map(|number| number as f32);
    match loss {
        Loss::SpikeCount(loss) => (
            LossKind::SpikeCount,
            true,
            single([loss.target_true, loss.target_false, 1.0, 0.0, 0.0, 1.0]),
        ),
        Loss::CountSoftmax(loss) => (
            LossKind::CountSoftmax,
            true,
            single([0.0, 0.0, loss.temperature, 0.0, 0.0, 1.0]),
        ),
        Loss::FirstSpike(loss) => {
            let (strength, time) = loss
                .early_pull
                .map_or((0.0, 1.0), |pull| (pull.strength, pull.time));
            (
                LossKind::FirstSpike,
                false,
                single([0.0, 0.0, loss.temperature, loss.silent_time, strength, time]),
            )
        }
        Loss::SpikeTime(loss) => (
            LossKind::SpikeTime,
            false,
            single([
                loss.target_true,
                loss.target_false,
                loss.scale,
                loss.silent_time,
                0.0,
                1.0,
            ]),
        ),
    }
}
