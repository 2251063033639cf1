//! [`RobustnessPlan`]: what the study measures.

use noctule_train::Config;
use noctule_train::config::ConfigTable;

use super::point::Point;
use crate::study::{StudyError, StudySize, check_networks};

/// Bits of the weights that mismatch is varied at, and the mismatch that bits are varied at: those of BrainScaleS-2,
/// roughly.
const USUAL_BITS: u32 = 6;
const USUAL_MISMATCH: f64 = 0.1;

/// What the study measures.
#[derive(Clone, Debug, PartialEq)]
pub struct RobustnessPlan {
    /// The networks and data.
    pub tasks: Vec<Task>,
    /// How imprecise the chips are.
    pub points: Vec<Point>,
    /// Chips at each point.
    pub chips: u64,
    /// Seeds of the exact networks; chip `n` gets that of seed `n` modulo this number.
    pub seeds: u64,
}

/// A network that is trained, and put on chips.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// The preset.
    pub preset: String,
    /// Overrides of its keys, as `--set` takes them.
    pub overrides: Vec<String>,
    /// Further overrides when a trained network is trained on for a chip.
    pub tuning: Vec<String>,
}

impl RobustnessPlan {
    /// The plan of a size.
    pub fn new(size: StudySize) -> Self {
        let tuning = |rate: &str, epochs: u64| {
            vec![
                format!("optimiser.learning_rate={rate}"),
                format!("training.epochs={epochs}"),
            ]
        };
        let task = |preset: &str, overrides: &[&str], tuning: Vec<String>| Task {
            preset: preset.to_owned(),
            overrides: overrides.iter().map(|&text| text.to_owned()).collect(),
            tuning,
        };
        match size {
            StudySize::Quick => Self {
                tasks: vec![
                    task("yinyang", &["training.epochs=40"], tuning("0.001", 10)),
                    task(
                        "mnist-count",
                        &["data.samples=10000", "training.epochs=3"],
                        tuning("0.001", 1),
                    ),
                ],
                points: points(&[2, 4, 6], &[0.0, 0.1, 0.3]),
                chips: 2,
                seeds: 2,
            },
            StudySize::Full => Self {
                tasks: vec![
                    task("yinyang", &[], tuning("0.001", 30)),
                    task("mnist-count", &[], tuning("0.001", 2)),
                ],
                points: [
                    points(
                        &[2, 3, 4, 5, 6, 7, 8],
                        &[0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3],
                    ),
                    faulty_points(),
                ]
                .concat(),
                chips: 10,
                seeds: 5,
            },
        }
    }

    /// The plan for the networks of these presets alone; for all, if none is named.
    ///
    /// # Errors
    /// If the plan has no such network.
    pub fn only(mut self, presets: &[String]) -> Result<Self, StudyError> {
        let names: Vec<&str> = self.tasks.iter().map(|task| task.preset.as_str()).collect();
        check_networks(presets, &names)?;
        if !presets.is_empty() {
            self.tasks.retain(|task| presets.contains(&task.preset));
        }
        Ok(self)
    }

    /// The experiments whose data the plan needs.
    ///
    /// # Errors
    /// If a preset cannot be read.
    pub fn experiments(&self) -> Result<Vec<Config>, StudyError> {
        self.tasks.iter().map(|task| task.config(0, &[])).collect()
    }

    /// Measurements in all, those of exact networks included.
    pub fn units(&self) -> usize {
        let of_task = 2 * self.seeds as usize + self.points.len() * self.chips as usize * 3;
        self.tasks.len() * of_task
    }
}

/// Bits at the usual mismatch, and mismatches at the usual bits.
fn points(bits: &[u32], mismatches: &[f64]) -> Vec<Point> {
    let of_bits = bits.iter().map(|&bits| Point::new(bits, USUAL_MISMATCH));
    let of_mismatch = mismatches
        .iter()
        .map(|&mismatch| Point::new(USUAL_BITS, mismatch));
    let mut points: Vec<Point> = of_bits.collect();
    for point in of_mismatch {
        if !points.contains(&point) {
            points.push(point);
        }
    }
    points
}

/// Chips with dead synapses, and chips whose spikes jitter, that are else as usual.
fn faulty_points() -> Vec<Point> {
    let usual = Point::new(USUAL_BITS, USUAL_MISMATCH);
    let dead = [0.01, 0.1, 0.3].map(|dead_synapses| Point {
        dead_synapses,
        ..usual
    });
    let jittering = [0.01, 0.03, 0.1].map(|jitter| Point { jitter, ..usual });
    [dead, jittering].concat()
}

impl Task {
    /// The experiment with this seed, and further overrides.
    ///
    /// # Errors
    /// If an override is wrong.
    pub fn config(&self, seed: u64, further: &[String]) -> Result<Config, StudyError> {
        let mut table = ConfigTable::preset(&self.preset)?;
        table.apply_overrides(&self.overrides_with(seed, further))?;
        Ok(table.resolve()?)
    }

    /// All overrides: those of the task, the seed, and further ones.
    pub fn overrides_with(&self, seed: u64, further: &[String]) -> Vec<String> {
        let own = self.overrides.iter().cloned();
        own.chain([format!("seed={seed}")])
            .chain(further.iter().cloned())
            .collect()
    }
}
