//! Dead neurons against the scale of the initial weights.

use std::sync::Arc;

use noctule_train::Data;

use super::outcome::{Chosen, DeadOutcome};
use super::plan::Side;
use super::training::train;
use super::work::Work;
use crate::study::StudyError;

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
            let Some(trained) = train(context, config, data, engine, None)? else {
                return Ok(None);
            };
            let layers = trained
                .last("test")
                .map(|record| record.silent_fraction.clone());
            let layers = layers.unwrap_or_default();
            let hidden = &layers[..layers.len().saturating_sub(1)];
            let dead = hidden.iter().sum::<f64>() / hidden.len().max(1) as f64;
            Ok(Some((dead, trained.accuracy("test"))))
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
