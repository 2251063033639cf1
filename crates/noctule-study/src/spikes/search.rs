//! The search for settings: the same number of short trainings on each side, judged on validation samples.

use std::sync::Arc;

use noctule_train::Data;

use super::outcome::Chosen;
use super::plan::Side;
use super::work::Work;
use crate::study::{StudyError, train_briefly};

/// The seed of the search; results come from other seeds.
pub(super) const SEARCH_SEED: u64 = 1000;

/// The best settings of a side, by validation accuracy; of several the first.
pub(super) fn search(
    work: &mut Work<'_>,
    pair: usize,
    side: &Side,
    data: &Arc<Data>,
) -> Result<Option<Chosen>, StudyError> {
    let mut best: Option<Chosen> = None;
    let plan = work.plan;
    for &rate in &plan.rates {
        for &scale in &plan.search_scales {
            let name = format!("search, learning rate x {rate}, weights x {scale}");
            let mut further = side.scaled(rate, scale)?;
            further.push(format!("training.epochs={}", side.short));
            further.push(format!("seed={SEARCH_SEED}"));
            let config = side.config(&further)?;
            let context = work.context;
            let validation = work.unit(pair, side, &name, || {
                let engine = Arc::clone(&context.engine);
                let trained = train_briefly(context, config, data, engine, None)?;
                Ok(trained.map(|trained| trained.accuracy("validation")))
            })?;
            let Some(validation) = validation else {
                return Ok(None);
            };
            if best.is_none_or(|best| validation > best.validation) {
                best = Some(Chosen {
                    pair,
                    side: side.name,
                    rate,
                    scale,
                    validation,
                });
            }
        }
    }
    Ok(best)
}
