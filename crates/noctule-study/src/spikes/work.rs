//! A study under way: what it works with, and its units.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::outcome::Chosen;
use super::plan::{Side, SpikesPlan};
use crate::study::{StudyContext, StudyError, TrainedNetwork, UnitLog};

/// A study under way.
pub(super) struct Work<'a> {
    pub context: &'a StudyContext<'a>,
    pub plan: &'a SpikesPlan,
    log: &'a UnitLog,
    done: usize,
    /// The time of trainings that are not in the log.
    training_seconds: f64,
}

/// A network of one side that was trained with one seed.
pub(super) struct Trained<'a> {
    pub side: &'a Side,
    pub chosen: &'a Chosen,
    pub seed: u64,
    pub network: TrainedNetwork,
}

impl Trained<'_> {
    /// The overrides of its experiment, with another learning rate.
    pub fn further(&self, rate: f64) -> Result<Vec<String>, StudyError> {
        further(self.side, self.chosen, self.seed, rate)
    }
}

/// The overrides of a training with the settings that were chosen, and this factor on its learning rate.
pub(super) fn further(
    side: &Side,
    chosen: &Chosen,
    seed: u64,
    rate: f64,
) -> Result<Vec<String>, StudyError> {
    let mut further = side.scaled(chosen.rate * rate, chosen.scale)?;
    further.push(format!("training.epochs={}", side.epochs));
    further.push(format!("seed={seed}"));
    Ok(further)
}

impl<'a> Work<'a> {
    /// A study of which nothing is done yet.
    pub fn new(context: &'a StudyContext<'a>, plan: &'a SpikesPlan, log: &'a UnitLog) -> Self {
        Self {
            context,
            plan,
            log,
            done: 0,
            training_seconds: 0.0,
        }
    }

    /// A unit that was not measured by [`Work::unit`] is done; it took this time, in seconds.
    pub fn finish(&mut self, seconds: f64) {
        self.done += 1;
        self.training_seconds += seconds;
    }

    /// The time that all units took, in seconds.
    pub fn seconds(&self) -> f64 {
        self.log.seconds() + self.training_seconds
    }

    /// A unit of one side of a pair.
    pub fn unit<R: Serialize + DeserializeOwned>(
        &mut self,
        pair: usize,
        side: &Side,
        name: &str,
        measure: impl FnOnce() -> Result<Option<R>, StudyError>,
    ) -> Result<Option<R>, StudyError> {
        let pair = &self.plan.pairs[pair].name;
        let name = format!("{pair}, {}: {name}", side.name.words());
        self.whole_unit(&name, measure)
    }

    /// A unit with this name.
    pub fn whole_unit<R: Serialize + DeserializeOwned>(
        &mut self,
        name: &str,
        measure: impl FnOnce() -> Result<Option<R>, StudyError>,
    ) -> Result<Option<R>, StudyError> {
        self.show(name);
        let result = self.log.unit(name, measure)?;
        self.done += 1;
        Ok(result)
    }

    /// Shows what is done now.
    pub fn show(&self, doing: &str) {
        let total = self.plan.units();
        self.context.progress.show(self.done, total, doing);
    }
}
