//! What a builder checks before it opens a session.

use noctule_core::{Batch, Regularisation};

use super::error::BuildError;
use super::loss::TrainingLoss;
use crate::config::optimiser::check_optimiser;
use crate::plan::TrainingPlan;
use crate::range::{OutOfRange, count, fraction_below_one, not_negative, positive};

/// The largest batch, and the most epochs.
const LARGEST_COUNT: usize = 1_000_000;

/// Checks the numbers of a run as those of an experiment file are checked.
pub(super) fn check_plan(plan: &TrainingPlan) -> Result<(), OutOfRange> {
    count("batch_size", plan.batch_size, LARGEST_COUNT)?;
    count("epochs", plan.epochs, LARGEST_COUNT)?;
    fraction_below_one("weight_average", plan.weight_average)?;
    check_optimiser("optimiser", &plan.optimiser)?;
    let learning_rate = plan.optimiser.learning_rate();
    plan.schedule
        .check("schedule", learning_rate, plan.epochs)?;
    check_regularisation("regularisation", &plan.regularisation)
}

fn check_regularisation(path: &str, regularisation: &Regularisation) -> Result<(), OutOfRange> {
    if let Some(bound) = regularisation.max_inverse_slope {
        positive(&format!("{path}.max_inverse_slope"), bound)?;
    }
    for (index, layer) in regularisation.layers.iter().enumerate() {
        let key = |name: &str| format!("{path}.layers.{index}.{name}");
        not_negative(&key("silent_boost"), layer.silent_boost)?;
        if let Some(homeostasis) = layer.homeostasis {
            not_negative(&key("homeostasis.target"), homeostasis.target)?;
            not_negative(&key("homeostasis.strength"), homeostasis.strength)?;
        }
    }
    Ok(())
}

/// Checks that a part of the samples is not empty, and that its labels fit the loss; a loss of the caller's own may do
/// with labels what it likes.
pub(super) fn check_samples(
    split: &'static str,
    batch: &Batch<f32>,
    loss: &TrainingLoss,
    outputs: usize,
) -> Result<(), BuildError> {
    if batch.is_empty() {
        return Err(BuildError::NoSamples { split });
    }
    match loss {
        TrainingLoss::Engine(_) => check_labels(split, batch, outputs),
        TrainingLoss::Own(_) => Ok(()),
    }
}

fn check_labels(split: &'static str, batch: &Batch<f32>, outputs: usize) -> Result<(), BuildError> {
    let (samples, labels) = (batch.len(), &batch.labels);
    if labels.len() != samples {
        return Err(BuildError::LabelCount {
            split,
            samples,
            labels: labels.len(),
        });
    }
    let outside = labels.iter().position(|&label| label as usize >= outputs);
    outside.map_or(Ok(()), |sample| {
        Err(BuildError::LabelRange {
            split,
            sample,
            label: labels[sample],
            outputs,
        })
    })
}
