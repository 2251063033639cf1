//! Dead neurons against the scale of the initial weights.

use std::sync::Arc;

use noctule_train::Data;

use super::outcome::{Chosen, DeadOutcome};
use super::plan::Side;
use super::work::Work;
use crate::study::{ShortTraining, StudyError, train_briefly};

/// Dead neurons of a side after short trainings from scaled initial weights; `None` if the study was stopped.
pub(super) fn dead_neurons(
    work: &mut Work<'_>,
    side: &Side,
    chosen: &Chosen,
    data: &Arc<Data>,
) -> Result<Option<Vec<DeadOutcome>>, StudyError> {
    let mut outcomes = Vec::new();
    let plan = work.plan;
    for &scale in &plan.dead_scales {
        let mut further = side.scaled(chosen.rate, scale * chosen.scale)?;
        further.push(format!("training.epochs={}", side.short));
        let config = side.config(&further)?;
        let (context, name) = (work.context, format!("dead neurons, weights x {scale}"));
        let measured = work.unit(chosen.pair, side, &name, || {
            let engine = Arc::clone(&context.engine);
            let Some(trained) = train_briefly(context, config, data, engine, None)? else {
                return Ok(None);
            };
            Ok(Some((dead_share(&trained), trained.accuracy("test"))))
        })?;
        let Some((dead, accuracy)) = measured else {
            return Ok(None);
        };
        outcomes.push(DeadOutcome {
            pair: chosen.pair,
            side: side.name,
            scale,
            dead,
            accuracy,
        });
    }
    Ok(Some(outcomes))
}

/// The share of the hidden neurons that never spike on the test set; `None` if training diverged.
fn dead_share(trained: &ShortTraining) -> Option<f64> {
    if trained.diverged {
        return None;
    }
    let neurons = trained.trainer.spiking_neurons();
    let record = trained.last("test")?;
    let hidden = neurons.len().saturating_sub(1);
    let layers = record.silent_fraction.iter().zip(&neurons).take(hidden);
    let dead: f64 = layers.map(|(share, &neurons)| share * neurons as f64).sum();
    let all: usize = neurons[..hidden].iter().sum();
    Some(dead / all.max(1) as f64)
}
