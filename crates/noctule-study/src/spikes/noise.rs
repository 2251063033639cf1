//! Accuracy under noise, of networks that were trained without and with it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use noctule_train::{Classifier, Config, experiment};

use super::outcome::{NoiseKind, NoiseOutcome};
use super::plan::SpikesPlan;
use super::work::{Trained, Work};
use crate::chip::{Chip, InTheLoopEngine, TrialNoise, accuracy_on_chip};
use crate::study::{StudyError, train_briefly};

/// The part of a preset's learning rate with which a network is trained on with noise.
const TUNING_RATE: f64 = 0.3;

/// The sizes of a kind of noise.
pub(super) fn sizes(plan: &SpikesPlan, kind: NoiseKind) -> &[f64] {
    match kind {
        NoiseKind::Jitter => &plan.jitters,
        NoiseKind::Deletion => &plan.deletions,
        NoiseKind::Weights => &plan.weight_noises,
    }
}

/// The size that networks are trained with: the middle one.
pub(super) fn trained_size(plan: &SpikesPlan, kind: NoiseKind) -> f64 {
    let sizes = sizes(plan, kind);
    sizes.get(sizes.len() / 2).copied().unwrap_or(0.0)
}

/// Noise of a kind and size, for an experiment.
fn noise(kind: NoiseKind, size: f64, config: &Config) -> TrialNoise {
    let none = TrialNoise::default();
    let encoder = config.encoder.clone().unwrap_or_default();
    let duration = encoder.latest - encoder.earliest;
    match kind {
        NoiseKind::Jitter => TrialNoise {
            jitter: size * duration,
            ..none
        },
        NoiseKind::Deletion => TrialNoise {
            deletion: size,
            ..none
        },
        NoiseKind::Weights => TrialNoise {
            weights: size,
            ..none
        },
    }
}

/// Accuracies of a network under noise, before and after it is trained on with it; `None` if the study was stopped.
pub(super) fn under_noise(
    work: &mut Work<'_>,
    trained: &Trained<'_>,
) -> Result<Option<Vec<NoiseOutcome>>, StudyError> {
    let mut outcomes = Vec::new();
    let exact = trained.network.directory.last_path();
    for kind in NoiseKind::ALL {
        let Some(tuned) = train_with_noise(work, trained, kind)? else {
            return Ok(None);
        };
        for (checkpoint, is_trained) in [(Some(&exact), false), (tuned.as_ref(), true)] {
            for &size in sizes(work.plan, kind) {
                let accuracy = match checkpoint {
                    Some(checkpoint) => {
                        measure(work, trained, checkpoint, (kind, size, is_trained))?
                    }
                    None => Some(0.0),
                };
                let Some(accuracy) = accuracy else {
                    return Ok(None);
                };
                outcomes.push(NoiseOutcome {
                    pair: trained.chosen.pair,
                    side: trained.side.name,
                    kind,
                    size,
                    trained: is_trained,
                    accuracy,
                });
            }
        }
    }
    Ok(Some(outcomes))
}

/// Trains a network on with noise; gives the file of its weights, which there is none of if training diverged, or `None` if
/// the study was stopped.
fn train_with_noise(
    work: &mut Work<'_>,
    trained: &Trained<'_>,
    kind: NoiseKind,
) -> Result<Option<Option<PathBuf>>, StudyError> {
    let seed = trained.seed;
    let directory = &trained.network.directory;
    let name = format!("with-{}.safetensors", kind.name());
    let path = directory.path().join(name);
    let mut further = trained.further(TUNING_RATE)?;
    further.push(format!("training.epochs={}", trained.side.short));
    // A running mean would forget the noise-free weights only slowly.
    further.push("training.weight_average=0.0".to_owned());
    let config = trained.side.config(&further)?;
    let noise = noise(kind, trained_size(work.plan, kind), &config);
    let context = work.context;
    let name = format!("seed {seed}, training with {}", kind.name());
    let tune = |config: Config| {
        let engine = Arc::clone(&context.engine);
        let engine = Arc::new(InTheLoopEngine::new(engine, Chip::with_noise(noise), seed));
        let init = directory.last_path();
        let data = &trained.network.data;
        let Some(mut tuned) = train_briefly(context, config, data, engine, Some(&init))? else {
            return Ok(None);
        };
        // Weights that diverged cannot be saved.
        if !tuned.diverged {
            tuned.trainer.save(&path)?;
        }
        Ok(Some(tuned.diverged))
    };
    let (pair, side) = (trained.chosen.pair, trained.side);
    let diverged = work.unit(pair, side, &name, || tune(config.clone()))?;
    match diverged {
        None => Ok(None),
        Some(true) => Ok(Some(None)),
        // Somebody may have removed the file since.
        Some(false) if !path.exists() => Ok(tune(config)?.map(|_| Some(path.clone()))),
        Some(false) => Ok(Some(Some(path))),
    }
}

/// The accuracy of the weights of a checkpoint under noise.
fn measure(
    work: &mut Work<'_>,
    trained: &Trained<'_>,
    checkpoint: &Path,
    (kind, size, is_trained): (NoiseKind, f64, bool),
) -> Result<Option<f64>, StudyError> {
    let seed = trained.seed;
    let when = if is_trained {
        "trained with it"
    } else {
        "exact"
    };
    let name = format!("seed {seed}, {} {size}, {when}", kind.name());
    let config: Config = trained.side.config(&[])?;
    let prediction = experiment::loss(&config).prediction();
    let chip = Chip::with_noise(noise(kind, size, &config));
    let context = work.context;
    work.unit(trained.chosen.pair, trained.side, &name, || {
        let (config, test) = (&trained.network.config, &trained.network.data.test);
        let engine = Arc::clone(&context.engine);
        let classifier = Classifier::new(config, test, checkpoint, engine)?;
        let (network, test) = (classifier.network(), classifier.samples());
        accuracy_on_chip(context, network, &chip, test, prediction, seed)
    })
}
