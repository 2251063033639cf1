//! Learning-rate schedules.
//!
//! ```
//! use noctule_train::schedule::{ScheduleConfig, StepSchedule};
//!
//! let halve = ScheduleConfig::Step(StepSchedule { every_epochs: 10, factor: 0.5, floor: 1e-4 });
//! assert_eq!(halve.learning_rate(0.003, 9.9, 100), 0.003);
//! assert_eq!(halve.learning_rate(0.003, 10.0, 100), 0.0015);
//! assert_eq!(halve.learning_rate(0.003, 99.0, 100), 1e-4);
//! ```

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::range::{OutOfRange, count, not_negative, require};
use crate::tagged::tagged_by_kind;

/// How the learning rate changes over a run; `kind` chooses. The default is to keep it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind")]
pub enum ScheduleConfig {
    /// The base rate throughout.
    #[serde(rename = "constant")]
    Constant(ConstantSchedule),
    /// A factor after a fixed number of epochs.
    #[serde(rename = "step")]
    Step(StepSchedule),
    /// Linear warm-up, then half a cosine down to the floor.
    #[serde(rename = "cosine")]
    Cosine(CosineSchedule),
}

tagged_by_kind!(ScheduleConfig {
    "constant" => Constant(ConstantSchedule),
    "step" => Step(StepSchedule),
    "cosine" => Cosine(CosineSchedule),
});

/// [`ScheduleConfig::Constant`] has no constants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConstantSchedule {}

/// Constants of [`ScheduleConfig::Step`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepSchedule {
    /// Epochs between two changes, at least 1.
    pub every_epochs: usize,
    /// The factor of the rate at each change, above 0 and at most 1.
    pub factor: f64,
    /// The rate never falls below this; default 0.
    #[serde(default)]
    pub floor: f64,
}

/// Constants of [`ScheduleConfig::Cosine`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CosineSchedule {
    /// The rate at the end of the run, and at the start of a warm-up; default 0.
    pub floor: f64,
    /// Epochs of linear increase from the floor to the base rate; default 0.
    pub warmup_epochs: usize,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self::Constant(ConstantSchedule {})
    }
}

impl ScheduleConfig {
    /// The learning rate at `epoch_fraction` (epoch + batch / batches, from 0) of a run of `epochs`, given the
    /// optimiser's own rate `base`. A floor above `base` counts as `base`.
    pub fn learning_rate(&self, base: f64, epoch_fraction: f64, epochs: usize) -> f64 {
        match self {
            Self::Constant(_) => base,
            Self::Step(step) => {
                let changes = (epoch_fraction.floor() / step.every_epochs.max(1) as f64).floor();
                (base * libm::pow(step.factor, changes)).max(step.floor.min(base))
            }
            Self::Cosine(cosine) => {
                let floor = cosine.floor.min(base);
                let warmup = cosine.warmup_epochs as f64;
                if epoch_fraction < warmup {
                    return floor + (base - floor) * epoch_fraction / warmup;
                }
                let remaining = (epochs as f64 - warmup).max(f64::MIN_POSITIVE);
                let progress = ((epoch_fraction - warmup) / remaining).clamp(0.0, 1.0);
                floor + (base - floor) * 0.5 * (1.0 + libm::cos(PI * progress))
            }
        }
    }

    /// Checks every constant against each other, the optimiser's rate `base` and the length of the run; `path` is the
    /// table's own path, such as `schedule`.
    ///
    /// # Errors
    /// [`OutOfRange`] for the first constant that is outside its range.
    pub fn check(&self, path: &str, base: f64, epochs: usize) -> Result<(), OutOfRange> {
        let key = |name: &str| format!("{path}.{name}");
        let floor = match self {
            Self::Constant(_) => return Ok(()),
            Self::Step(step) => {
                count(&key("every_epochs"), step.every_epochs, 1_000_000)?;
                let falls = step.factor as f32 > 0.0 && step.factor <= 1.0;
                require(
                    falls,
                    &key("factor"),
                    step.factor,
                    "greater than 0 and at most 1",
                )?;
                step.floor
            }
            Self::Cosine(cosine) => {
                let ends = cosine.warmup_epochs < epochs;
                let rule = format!("less than training.epochs ({epochs})");
                require(ends, &key("warmup_epochs"), cosine.warmup_epochs, &rule)?;
                cosine.floor
            }
        };
        not_negative(&key("floor"), floor)?;
        let rule = format!("at most optimiser.learning_rate ({base})");
        require(floor <= base, &key("floor"), floor, &rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn constant_stays() {
        let schedule = ScheduleConfig::default();
        for epoch in [0.0, 0.5, 99.99] {
            assert_eq!(schedule.learning_rate(0.01, epoch, 100), 0.01);
        }
    }

    #[test]
    fn step_changes_at_whole_epochs_only() {
        let schedule = ScheduleConfig::Step(StepSchedule {
            every_epochs: 2,
            factor: 0.1,
            floor: 1e-3,
        });
        let rate = |epoch| schedule.learning_rate(1.0, epoch, 100);
        assert_eq!(rate(1.999), 1.0);
        assert_relative_eq!(rate(2.0), 0.1, max_relative = 1e-12);
        assert_eq!(rate(2.0), rate(3.9));
        assert_relative_eq!(rate(4.0), 0.01, max_relative = 1e-12);
        assert_eq!(rate(50.0), 1e-3);
        assert_eq!(schedule.learning_rate(1e-4, 50.0, 100), 1e-4);
    }

    #[test]
    fn cosine_rises_and_falls() {
        let schedule = ScheduleConfig::Cosine(CosineSchedule {
            floor: 0.1,
            warmup_epochs: 4,
        });
        let rate = |epoch| schedule.learning_rate(1.1, epoch, 24);
        assert_relative_eq!(rate(0.0), 0.1);
        assert_relative_eq!(rate(2.0), 0.6, max_relative = 1e-12);
        assert_relative_eq!(rate(4.0), 1.1);
        assert_relative_eq!(
            rate(9.0),
            0.1 + 0.5 * (1.0 + 0.5_f64.sqrt()),
            max_relative = 1e-12
        );
        assert_relative_eq!(rate(14.0), 0.6, max_relative = 1e-12);
        assert_relative_eq!(rate(24.0), 0.1);
        assert_relative_eq!(rate(30.0), 0.1);
    }

    #[test]
    fn a_run_that_is_all_warmup_does_not_divide_by_zero() {
        let schedule = ScheduleConfig::Cosine(CosineSchedule {
            floor: 0.0,
            warmup_epochs: 2,
        });
        assert_eq!(schedule.learning_rate(1.0, 2.0, 2), 1.0);
    }

    #[test]
    fn refuses_constants_out_of_range() {
        let step = |every_epochs, factor, floor| {
            ScheduleConfig::Step(StepSchedule {
                every_epochs,
                factor,
                floor,
            })
        };
        let path_of =
            |schedule: ScheduleConfig| schedule.check("schedule", 0.01, 10).unwrap_err().path;
        assert!(step(1, 0.5, 0.01).check("schedule", 0.01, 10).is_ok());
        assert_eq!(path_of(step(0, 0.5, 0.0)), "schedule.every_epochs");
        assert_eq!(path_of(step(1, 0.0, 0.0)), "schedule.factor");
        assert_eq!(path_of(step(1, f64::NAN, 0.0)), "schedule.factor");
        assert_eq!(path_of(step(1, 1.5, 0.0)), "schedule.factor");
        assert_eq!(path_of(step(1, 0.5, -1.0)), "schedule.floor");
        assert_eq!(path_of(step(1, 0.5, 0.02)), "schedule.floor");
        let long_warmup = ScheduleConfig::Cosine(CosineSchedule {
            floor: 0.0,
            warmup_epochs: 10,
        });
        assert_eq!(path_of(long_warmup), "schedule.warmup_epochs");
    }
}
