//! The convergence experiment: how often a small network learns to tell two orders of spikes apart.

use std::sync::Arc;

use noctule_train::config::ConfigTable;
use serde::{Deserialize, Serialize};

use super::outcome::ConvergenceOutcome;
use super::plan::SideName;
use super::work::Work;
use crate::study::StudyError;
use crate::sweep::Sweep;

/// Mean accuracy over the grid, the share of runs without a mistake, and the number of runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Found {
    accuracy: f64,
    solved: f64,
    runs: usize,
}

/// Both sides, in our form and in the published one; `None` if the study was stopped.
pub(super) fn convergence(
    work: &mut Work<'_>,
) -> Result<Option<Vec<ConvergenceOutcome>>, StudyError> {
    let mut outcomes = Vec::new();
    for side in SideName::ALL {
        for published in [false, true] {
            let preset = match side {
                SideName::Many => "convergence",
                SideName::One => "convergence-ttfs",
            };
            let mut overrides = vec![format!("sweep.repeats={}", work.plan.convergence_repeats)];
            if published {
                // No inverse slope is that large.
                overrides.push("training.max_inverse_slope=1e30".to_owned());
            }
            let form = if published {
                "published form"
            } else {
                "our form"
            };
            let context = work.context;
            let name = format!("convergence, {}, {form}", side.words());
            let found = work.whole_unit(&name, || {
                let mut table = ConfigTable::preset(preset)?;
                table.apply_overrides(&overrides)?;
                let sweep = Sweep::new(&table.resolve()?, None, Arc::clone(&context.engine))?;
                let Some(outcome) = sweep.run(None, &|_| {}, context.stop)? else {
                    return Ok(None);
                };
                Ok(Some(Found {
                    accuracy: match published {
                        true => outcome.mean_best_training.unwrap_or(0.0),
                        false => outcome.mean_accuracy,
                    },
                    solved: match published {
                        true => outcome.mean_ever_solved.unwrap_or(0.0),
                        false => outcome.mean_solved,
                    },
                    runs: sweep.runs(),
                }))
            })?;
            let Some(Found {
                accuracy,
                solved,
                runs,
            }) = found
            else {
                return Ok(None);
            };
            outcomes.push(ConvergenceOutcome {
                side,
                published,
                accuracy,
                solved,
                runs,
            });
        }
    }
    Ok(Some(outcomes))
}
