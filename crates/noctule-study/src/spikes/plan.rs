//! [`SpikesPlan`]: what the study compares.

use noctule_train::config::{ConfigTable, InitConfig, LayerConfig};
use noctule_train::{Config, experiment};
use serde::{Deserialize, Serialize};

use crate::study::{StudyError, StudySize, check_networks};

/// What the study compares.
#[derive(Clone, Debug, PartialEq)]
pub struct SpikesPlan {
    /// Pairs of networks.
    pub pairs: Vec<Pair>,
    /// Factors on the learning rate that the search tries.
    pub rates: Vec<f64>,
    /// Factors on the initial weights that the search tries.
    pub search_scales: Vec<f64>,
    /// Seeds that each side is trained with.
    pub seeds: u64,
    /// Factors on the initial weights for which dead neurons are counted.
    pub dead_scales: Vec<f64>,
    /// Standard deviations of spike times, in units of the duration of the input.
    pub jitters: Vec<f64>,
    /// Probabilities that a spike is lost.
    pub deletions: Vec<f64>,
    /// Relative standard deviations of weights.
    pub weight_noises: Vec<f64>,
    /// Repeats at each point of the convergence experiment.
    pub convergence_repeats: u64,
}

/// Networks of the same layers and data, on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The name, for people.
    pub name: String,
    /// Many spikes, and one spike.
    pub sides: [Side; 2],
}

/// Which side of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SideName {
    /// Neurons spike many times.
    Many,
    /// Neurons spike once.
    One,
}

/// One side of a pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// Which side.
    pub name: SideName,
    /// The preset.
    pub preset: String,
    /// Overrides of its keys, as `--set` takes them.
    pub overrides: Vec<String>,
    /// Epochs of a training.
    pub epochs: u64,
    /// Epochs of the short trainings: those of the search, for dead neurons, and with noise.
    pub short: u64,
}

impl SideName {
    /// Both sides.
    pub const ALL: [Self; 2] = [Self::Many, Self::One];

    /// The side in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Many => "many spikes",
            Self::One => "one spike",
        }
    }
}

impl SpikesPlan {
    /// The plan of a size.
    pub fn new(size: StudySize) -> Self {
        match size {
            StudySize::Quick => Self {
                pairs: vec![
                    yinyang(30, 10),
                    dense("MNIST, 784-800-10", "mnist", 3, 1, Some(10_000)),
                ],
                rates: vec![0.5, 1.0, 2.0],
                search_scales: vec![1.0],
                seeds: 2,
                dead_scales: vec![0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0],
                jitters: vec![0.01, 0.03, 0.1, 0.3],
                deletions: vec![0.01, 0.1, 0.3],
                weight_noises: vec![0.03, 0.1, 0.3, 1.0],
                convergence_repeats: 2,
            },
            StudySize::Full => Self {
                pairs: vec![
                    yinyang(150, 30),
                    dense("MNIST, 784-800-10", "mnist", 20, 5, None),
                    dense("Fashion-MNIST, 784-800-10", "fashion-mnist", 20, 5, None),
                    conv(10, 2),
                ],
                rates: vec![0.25, 0.5, 1.0, 2.0],
                search_scales: vec![0.5, 1.0, 2.0],
                seeds: 5,
                dead_scales: vec![
                    0.03, 0.06, 0.1, 0.2, 0.3, 0.6, 1.0, 2.0, 3.0, 6.0, 10.0, 30.0,
                ],
                jitters: vec![0.003, 0.01, 0.03, 0.1, 0.2, 0.3],
                deletions: vec![0.01, 0.03, 0.1, 0.2, 0.3, 0.5],
                weight_noises: vec![0.01, 0.03, 0.1, 0.3, 0.5, 1.0],
                convergence_repeats: 100,
            },
        }
    }

    /// The plan for the pairs with a network of these presets alone; for all, if none is named.
    ///
    /// # Errors
    /// If the plan has no such network.
    pub fn only(mut self, presets: &[String]) -> Result<Self, StudyError> {
        let sides = self.pairs.iter().flat_map(|pair| &pair.sides);
        let names: Vec<&str> = sides.map(|side| side.preset.as_str()).collect();
        check_networks(presets, &names)?;
        if !presets.is_empty() {
            let is_named = |side: &Side| presets.contains(&side.preset);
            self.pairs.retain(|pair| pair.sides.iter().any(is_named));
        }
        Ok(self)
    }

    /// The experiments whose data the plan needs.
    ///
    /// # Errors
    /// If a preset cannot be read.
    pub fn experiments(&self) -> Result<Vec<Config>, StudyError> {
        let sides = self.pairs.iter().flat_map(|pair| &pair.sides);
        sides.map(|side| side.config(&[])).collect()
    }

    /// Settings that the search tries on each side.
    pub fn candidates(&self) -> usize {
        self.rates.len() * self.search_scales.len()
    }

    /// Units of work in all.
    pub fn units(&self) -> usize {
        let noises = self.jitters.len() + self.deletions.len() + self.weight_noises.len();
        let seeds = self.seeds as usize;
        // Each seed is trained and measured, and trained on with each of three kinds of noise; its accuracy under noise is
        // measured before and after.
        let of_seeds = seeds * (2 + 3 + 2 * noises);
        let of_side = self.candidates() + of_seeds + self.dead_scales.len();
        2 * self.pairs.len() * of_side + 4
    }
}

fn side(name: SideName, preset: &str, overrides: &[&str], epochs: u64, short: u64) -> Side {
    Side {
        name,
        preset: preset.to_owned(),
        overrides: overrides.iter().map(|&text| text.to_owned()).collect(),
        epochs,
        short,
    }
}

fn yinyang(epochs: u64, short: u64) -> Pair {
    // The single-spike preset is made for 300 epochs in batches of 150.
    let one = ["layers.0.neurons=200", "training.batch_size=32"];
    Pair {
        name: "Yin-Yang, 5-200-3".to_owned(),
        sides: [
            side(SideName::Many, "yinyang", &[], epochs, short),
            side(SideName::One, "yinyang-ttfs", &one, epochs, short),
        ],
    }
}

fn dense(name: &str, set: &str, epochs: u64, short: u64, samples: Option<u64>) -> Pair {
    let mut overrides = vec![format!("data.set={set}")];
    overrides.extend(samples.map(|samples| format!("data.samples={samples}")));
    let overrides: Vec<&str> = overrides.iter().map(String::as_str).collect();
    Pair {
        name: name.to_owned(),
        sides: [
            side(SideName::Many, "mnist-count", &overrides, epochs, short),
            side(SideName::One, "mnist-ttfs", &overrides, epochs, short),
        ],
    }
}

fn conv(epochs: u64, short: u64) -> Pair {
    let many = ["data.validation=2000"];
    Pair {
        name: "MNIST, 15C5-P2-40C5-P2-300-10".to_owned(),
        sides: [
            side(SideName::Many, "mnist-conv", &many, epochs, short),
            side(SideName::One, "mnist-conv-ttfs", &[], epochs, short),
        ],
    }
}

impl Side {
    /// The experiment, with further overrides.
    ///
    /// # Errors
    /// If an override is wrong.
    pub fn config(&self, further: &[String]) -> Result<Config, StudyError> {
        let mut table = ConfigTable::preset(&self.preset)?;
        let overrides = [&self.overrides[..], further].concat();
        table.apply_overrides(&overrides)?;
        Ok(table.resolve()?)
    }

    /// Overrides that multiply learning rate and initial weights.
    ///
    /// # Errors
    /// If an override of the side is wrong.
    pub fn scaled(&self, rate: f64, scale: f64) -> Result<Vec<String>, StudyError> {
        let config = self.config(&[])?;
        let mut overrides = Vec::new();
        if rate != 1.0 {
            let own = experiment::plan(&config).optimiser.learning_rate();
            let learning_rate = own * rate;
            overrides.push(format!("optimiser.learning_rate={learning_rate}"));
        }
        if scale != 1.0 {
            for (index, layer) in config.layers.iter().enumerate() {
                overrides.extend(scaled_init(index, layer, scale));
            }
        }
        Ok(overrides)
    }
}

/// Overrides that multiply the initial weights of a layer.
fn scaled_init(index: usize, layer: &LayerConfig, scale: f64) -> Vec<String> {
    let key = |key: &str, value: f64| format!("layers.{index}.init.{key}={}", value * scale);
    match layer.population().and_then(|population| population.init) {
        Some(InitConfig::Uniform(uniform)) => {
            vec![key("low", uniform.low), key("high", uniform.high)]
        }
        Some(InitConfig::Normal(normal)) => {
            vec![key("mean", normal.mean), key("std", normal.std)]
        }
        Some(InitConfig::Threshold(_)) | None => Vec::new(),
    }
}
