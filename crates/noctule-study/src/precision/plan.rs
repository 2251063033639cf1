//! [`PrecisionPlan`]: what the study of precision measures.

use noctule_train::config::{Config, ConfigTable};

use crate::study::{StudyError, StudySize, check_networks};

/// What the study of precision measures.
#[derive(Clone, Debug, PartialEq)]
pub struct PrecisionPlan {
    /// Random single neurons.
    pub neurons: NeuronPlan,
    /// Networks that are trained first.
    pub networks: Vec<NetworkPlan>,
}

/// Random single neurons.
#[derive(Clone, Debug, PartialEq)]
pub struct NeuronPlan {
    /// Number of neurons, each with weights and time constants of its own.
    pub neurons: usize,
    /// Number of draws of the input spikes, which all neurons receive.
    pub draws: usize,
    /// Widths of steps in seconds, descending.
    pub steps: Vec<f64>,
}

/// A network that is trained first.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkPlan {
    /// Its name in the study.
    pub name: &'static str,
    /// The preset.
    pub preset: &'static str,
    /// Overrides of keys of the preset.
    pub overrides: Vec<String>,
    /// Test samples that the exact engine in single precision is compared on; at most all of them.
    pub samples: usize,
    /// The most samples that are simulated before it is asked again whether the study is to stop.
    pub together: usize,
    /// Samples of a gradient.
    pub batch: usize,
    /// Batches whose gradients the exact engine in single precision is compared on.
    pub batches: usize,
    /// What is measured with each width of steps; the widths descend.
    pub steps: Vec<StepPlan>,
}

/// What is measured with one width of steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepPlan {
    /// The width of a step, in seconds.
    pub step: f64,
    /// Test samples, for each precision; at most all of them.
    pub samples: usize,
    /// Batches whose gradients are compared, in double precision.
    pub batches: usize,
}

impl PrecisionPlan {
    /// The plan of a size.
    pub fn new(size: StudySize) -> Self {
        match size {
            StudySize::Quick => Self {
                neurons: NeuronPlan::new(16),
                networks: vec![NetworkPlan {
                    overrides: overrides(&["data.samples=10000", "training.epochs=3", "seed=0"]),
                    samples: 2_000,
                    batches: 10,
                    steps: steps(&[
                        (5e-3, 2_000, 10),
                        (1e-3, 2_000, 10),
                        (1e-4, 2_000, 10),
                        (1e-5, 500, 5),
                        (1e-6, 100, 1),
                        (1e-7, 10, 0),
                    ]),
                    ..NetworkPlan::new("mnist-count")
                }],
            },
            StudySize::Full => Self {
                neurons: NeuronPlan::new(64),
                networks: vec![
                    NetworkPlan {
                        samples: 10_000,
                        batches: 100,
                        steps: steps(&[
                            (5e-3, 10_000, 100),
                            (1e-3, 10_000, 100),
                            (1e-4, 10_000, 100),
                            (1e-5, 2_000, 20),
                            (1e-6, 500, 4),
                            (1e-7, 20, 0),
                        ]),
                        ..NetworkPlan::new("mnist-count")
                    },
                    NetworkPlan {
                        overrides: overrides(&["training.epochs=3", "seed=0"]),
                        samples: 2_000,
                        together: 10,
                        batches: 10,
                        steps: steps(&[
                            (5e-3, 2_000, 10),
                            (1e-3, 2_000, 10),
                            (1e-4, 2_000, 10),
                            (1e-5, 200, 2),
                            (1e-6, 20, 0),
                        ]),
                        ..NetworkPlan::new("mnist-conv")
                    },
                ],
            },
        }
    }
}

impl PrecisionPlan {
    /// The plan for the networks of these presets alone, beside single neurons; for all, if none is named.
    ///
    /// # Errors
    /// If the plan has no such network.
    pub fn only(mut self, presets: &[String]) -> Result<Self, StudyError> {
        let names: Vec<&str> = self.networks.iter().map(|network| network.preset).collect();
        check_networks(presets, &names)?;
        if !presets.is_empty() {
            let is_named =
                |network: &NetworkPlan| presets.iter().any(|name| name == network.preset);
            self.networks.retain(is_named);
        }
        Ok(self)
    }

    /// The experiments whose data the plan needs.
    ///
    /// # Errors
    /// If a preset cannot be read.
    pub fn experiments(&self) -> Result<Vec<Config>, StudyError> {
        let experiment = |network: &NetworkPlan| {
            let mut table = ConfigTable::preset(network.preset)?;
            table.apply_overrides(&network.overrides)?;
            Ok(table.resolve()?)
        };
        self.networks.iter().map(experiment).collect()
    }
}

impl NeuronPlan {
    /// 96 neurons with this many draws of the input.
    fn new(draws: usize) -> Self {
        Self {
            neurons: 96,
            draws,
            steps: vec![5e-3, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7],
        }
    }
}

impl NetworkPlan {
    fn new(preset: &'static str) -> Self {
        Self {
            name: preset,
            preset,
            overrides: overrides(&["seed=0"]),
            samples: 0,
            together: 50,
            batch: 50,
            batches: 0,
            steps: Vec::new(),
        }
    }
}

impl StepPlan {
    /// Samples of a network with at most `most` together that are simulated at once: enough for all threads, and few enough
    /// to stop soon.
    pub(super) fn together(&self, most: usize, threads: usize) -> usize {
        let together = match self.step {
            step if step >= 1e-4 => 50,
            step if step >= 1e-5 => 10,
            _ => 2,
        };
        together.min(most).max(2 * threads)
    }
}

fn overrides(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|&key| key.to_owned()).collect()
}

fn steps(steps: &[(f64, usize, usize)]) -> Vec<StepPlan> {
    let plans = steps.iter();
    let plans = plans.map(|&(step, samples, batches)| StepPlan {
        step,
        samples,
        batches,
    });
    plans.collect()
}
