//! The measurements: exact networks, and what becomes of them on chips.

use std::sync::Arc;

use noctule_core::Engine;
use noctule_train::experiment;

use super::outcome::{ChipOutcome, Way};
use super::plan::{RobustnessPlan, Task};
use super::point::Point;
use crate::chip::{Chip, InTheLoopEngine, ModelledEngine, accuracy_on_chip, full_scales};
use crate::study::{
    StudyContext, StudyError, TrainedNetwork, UnitLog, train_briefly, trained_network,
};

/// A study under way.
pub(super) struct Measurement<'a> {
    context: &'a StudyContext<'a>,
    plan: &'a RobustnessPlan,
    log: &'a UnitLog,
    done: usize,
    /// The time of exact trainings, which are not in the log.
    training_seconds: f64,
}

/// An exact network, and a chip for it.
struct OnChip<'a> {
    task: &'a Task,
    exact: &'a TrainedNetwork,
    chip: Chip,
    seed: u64,
    number: u64,
}

impl<'a> Measurement<'a> {
    pub fn new(context: &'a StudyContext<'a>, plan: &'a RobustnessPlan, log: &'a UnitLog) -> Self {
        Self {
            context,
            plan,
            log,
            done: 0,
            training_seconds: 0.0,
        }
    }

    /// The time that all measurements took, in seconds.
    pub fn seconds(&self) -> f64 {
        self.log.seconds() + self.training_seconds
    }

    /// All outcomes; `None` if the study was stopped.
    pub fn run(&mut self) -> Result<Option<Vec<ChipOutcome>>, StudyError> {
        let mut outcomes = Vec::new();
        for (index, task) in self.plan.tasks.iter().enumerate() {
            for seed in 0..self.plan.seeds {
                self.show(&format!("{}, seed {seed}: exact training", task.preset));
                let name = format!("{}-{seed}", task.preset);
                let overrides = task.overrides_with(seed, &[]);
                let exact = trained_network(self.context, &name, &task.preset, &overrides)?;
                let Some(exact) = exact else {
                    return Ok(None);
                };
                self.done += 1;
                self.training_seconds += exact.seconds();
                let Some(of_seed) = self.chips(index, task, seed, &exact)? else {
                    return Ok(None);
                };
                outcomes.extend(of_seed);
            }
        }
        Ok(Some(outcomes))
    }

    /// The chips that get the network of one seed.
    fn chips(
        &mut self,
        index: usize,
        task: &Task,
        seed: u64,
        exact: &TrainedNetwork,
    ) -> Result<Option<Vec<ChipOutcome>>, StudyError> {
        let mut outcomes = Vec::new();
        let Some(ideal) = self.ideal(task, seed, exact)? else {
            return Ok(None);
        };
        for &point in &self.plan.points {
            let scales = full_scales(&exact.network, point.bits)?;
            let chips = (0..self.plan.chips).filter(|chip| chip % self.plan.seeds == seed);
            for number in chips {
                let model = point.model(exact.config.neuron.tau_s);
                let on_chip = OnChip {
                    task,
                    exact,
                    chip: Chip::new(&model, &exact.network, &scales, number)?,
                    seed,
                    number,
                };
                for way in Way::ALL {
                    let Some(accuracy) = self.unit(&on_chip, &point, way)? else {
                        return Ok(None);
                    };
                    outcomes.push(ChipOutcome {
                        task: index,
                        point,
                        chip: number,
                        way,
                        exact: exact.last("test").map_or(0.0, |record| record.accuracy),
                        ideal,
                        accuracy,
                    });
                }
            }
        }
        Ok(Some(outcomes))
    }

    /// The accuracy of an exact network that is trained on without a chip: what training for a chip is compared with.
    fn ideal(
        &mut self,
        task: &Task,
        seed: u64,
        exact: &TrainedNetwork,
    ) -> Result<Option<f64>, StudyError> {
        self.show(&format!(
            "{}, seed {seed}: training without a chip",
            task.preset
        ));
        let on_no_chip = OnChip {
            task,
            exact,
            chip: Chip::default(),
            seed,
            number: seed,
        };
        let name = format!("{}/seed-{seed}/no chip", task.preset);
        let context = self.context;
        let accuracy = self
            .log
            .unit(&name, || on_no_chip.accuracy(context, Way::UnderModel))?;
        self.done += 1;
        Ok(accuracy)
    }

    /// The accuracy of one way on one chip; `None` if the study was stopped.
    fn unit(
        &mut self,
        on_chip: &OnChip<'_>,
        point: &Point,
        way: Way,
    ) -> Result<Option<f64>, StudyError> {
        let (preset, number) = (&on_chip.task.preset, on_chip.number);
        self.show(&format!(
            "{preset}, chip {number}, {}: {}",
            point.words(),
            way.words()
        ));
        let name = format!("{preset}/{}/chip-{number}/{}", point.key(), way.words());
        let context = self.context;
        let accuracy = self.log.unit(&name, || on_chip.accuracy(context, way))?;
        self.done += 1;
        Ok(accuracy)
    }

    fn show(&self, doing: &str) {
        let total = self.plan.units();
        self.context.progress.show(self.done, total, doing);
    }
}

impl OnChip<'_> {
    /// Trains as `way` says, and measures the accuracy on the chip; `None` if the study was stopped.
    fn accuracy(&self, context: &StudyContext<'_>, way: Way) -> Result<Option<f64>, StudyError> {
        let config = self.task.config(self.seed, &self.task.tuning)?;
        let prediction = experiment::loss(&config).prediction();
        let data = &self.exact.data;
        let test = data.test.batch(experiment::encoding(&config)?);
        let Some(engine) = self.training_engine(context, way) else {
            let network = &self.exact.network;
            return accuracy_on_chip(context, network, &self.chip, &test, prediction, self.number);
        };
        let init = self.exact.directory.last_path();
        let Some(mut tuned) = train_briefly(context, config, data, engine, Some(&init))? else {
            return Ok(None);
        };
        if tuned.diverged {
            // Such a network classifies nothing.
            return Ok(Some(0.0));
        }
        let network = tuned.trainer.network()?;
        accuracy_on_chip(context, network, &self.chip, &test, prediction, self.number)
    }

    /// The engine on which a network is trained for the chip; `None` if it is not trained.
    fn training_engine(
        &self,
        context: &StudyContext<'_>,
        way: Way,
    ) -> Option<Arc<dyn Engine<f32>>> {
        let (engine, chip) = (Arc::clone(&context.engine), self.chip.clone());
        match way {
            Way::Transferred => None,
            Way::UnderModel => Some(Arc::new(ModelledEngine::new(engine, chip))),
            Way::InTheLoop => Some(Arc::new(InTheLoopEngine::new(engine, chip, self.number))),
        }
    }
}
