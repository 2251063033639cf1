//! What the study measured.

use serde::{Deserialize, Serialize};

use super::plan::SideName;

/// Everything that was measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpikesOutcomes {
    /// Trainings, by pair, side and seed.
    pub sides: Vec<SideOutcome>,
    /// Accuracies under noise.
    pub noise: Vec<NoiseOutcome>,
    /// Dead neurons.
    pub dead: Vec<DeadOutcome>,
    /// The convergence experiment.
    pub convergence: Vec<ConvergenceOutcome>,
    /// The time that all measurements took, in seconds.
    pub seconds: f64,
    /// What the search chose, by pair and side: factors on the learning rate and on the initial weights, and the
    /// validation accuracy.
    pub chosen: Vec<Chosen>,
}

/// What the search chose for a side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chosen {
    /// Index of the pair.
    pub pair: usize,
    /// The side.
    pub side: SideName,
    /// Factor on the learning rate of the preset.
    pub rate: f64,
    /// Factor on its initial weights.
    pub scale: f64,
    /// Validation accuracy after the short training.
    pub validation: f64,
}

/// A network that was trained with one seed.
#[derive(Clone, Debug, PartialEq)]
pub struct SideOutcome {
    /// Index of the pair.
    pub pair: usize,
    /// The side.
    pub side: SideName,
    /// The seed.
    pub seed: u64,
    /// What was measured.
    pub measured: Measured,
}

/// What was measured of a trained network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Validation accuracy after each epoch.
    pub validation: Vec<f64>,
    /// Seconds of training up to the end of each epoch.
    pub seconds: Vec<f64>,
    /// Test accuracy after the last epoch.
    pub accuracy: f64,
    /// Mean spikes of a neuron in a test sample, for each layer.
    pub spikes_per_neuron: Vec<f64>,
    /// Mean spikes of all neurons in a test sample; pooling layers have none of their own.
    pub spikes: f64,
    /// Neurons of each layer that spike themselves; 0 in a pooling layer.
    pub neurons: Vec<usize>,
    /// Share of the neurons that never spike on the test set, for each layer.
    pub dead: Vec<f64>,
    /// Times within a sample, in seconds.
    pub times: Vec<f64>,
    /// Test accuracy with the output spikes up to each time.
    pub accuracy_at: Vec<f64>,
    /// Time to 50, 90 and 99 % of the final accuracy, in seconds.
    pub latency: [Option<f64>; 3],
    /// Mean time at which the decision becomes final, in seconds.
    pub mean_final: Option<f64>,
    /// When the input begins and ends, in seconds.
    pub input: [f64; 2],
    /// Synaptic time constant, in seconds.
    pub tau_s: f64,
}

impl Measured {
    /// A time within a sample, in units of the time that the input takes.
    pub fn in_inputs(&self, seconds: f64) -> f64 {
        (seconds - self.input[0]) / (self.input[1] - self.input[0])
    }

    /// Mean spikes of a hidden neuron in a test sample; `None` without hidden layers.
    pub fn hidden_spikes(&self) -> Option<f64> {
        let (_, spikes) = self.spikes_per_neuron.split_last()?;
        let (_, neurons) = self.neurons.split_last()?;
        let all: usize = neurons.iter().sum();
        let sum: f64 = spikes
            .iter()
            .zip(neurons)
            .map(|(spikes, &neurons)| spikes * neurons as f64)
            .sum();
        (all > 0).then(|| sum / all as f64)
    }

    /// The epoch, counted from 1, after which validation accuracy is first at least this, and the seconds until then.
    pub fn reached(&self, accuracy: f64) -> Option<(usize, f64)> {
        let epoch = self
            .validation
            .iter()
            .position(|&value| value >= accuracy)?;
        Some((epoch + 1, self.seconds.get(epoch).copied()?))
    }
}

/// What is noisy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoiseKind {
    /// Spike times.
    Jitter,
    /// Spikes are lost.
    Deletion,
    /// Weights.
    Weights,
}

impl NoiseKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Jitter, Self::Deletion, Self::Weights];

    /// The noise in words, with its unit.
    pub fn words(self) -> &'static str {
        match self {
            Self::Jitter => "jitter of spike times (durations of the input)",
            Self::Deletion => "probability that a spike is lost",
            Self::Weights => "noise of weights (relative)",
        }
    }

    /// A name for files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jitter => "jitter",
            Self::Deletion => "deletion",
            Self::Weights => "weight-noise",
        }
    }
}

/// The accuracy of a network under noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseOutcome {
    /// Index of the pair.
    pub pair: usize,
    /// The side.
    pub side: SideName,
    /// What is noisy.
    pub kind: NoiseKind,
    /// How noisy.
    pub size: f64,
    /// Whether the network was trained on with noise of this kind.
    pub trained: bool,
    /// Test accuracy; 0 if training with noise diverged.
    pub accuracy: f64,
}

/// Dead neurons after a short training from scaled initial weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeadOutcome {
    /// Index of the pair.
    pub pair: usize,
    /// The side.
    pub side: SideName,
    /// Factor on the initial weights.
    pub scale: f64,
    /// Share of the hidden neurons that never spike on the test set; `None` if training diverged.
    pub dead: Option<f64>,
    /// Test accuracy; 0 if training diverged.
    pub accuracy: f64,
}

/// The convergence experiment of one side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvergenceOutcome {
    /// The side.
    pub side: SideName,
    /// Whether in the published form: the best accuracy of 50 epochs, measured before each step, and no bound on the
    /// inverse slope.
    pub published: bool,
    /// Mean accuracy over the grid.
    pub accuracy: f64,
    /// Share of the runs that make no mistake.
    pub solved: f64,
    /// Runs in all.
    pub runs: usize,
}
