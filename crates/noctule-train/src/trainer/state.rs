//! Everything that a run consists of.

use std::sync::Arc;

use noctule_core::{Batch, Engine, EngineInfo, Network, Session, TensorGroup, Tensors};
use serde::{Deserialize, Serialize};

use super::error::TrainError;
use super::loss::TrainingLoss;
use super::origin::Origin;
use super::phases::Phases;
use super::samples::RunSamples;
use super::weights::set_weights;
use crate::collective::Collective;
use crate::config::Config;
use crate::experiment::Data;
use crate::metrics::{EpochMetrics, EpochRecord};
use crate::plan::TrainingPlan;

/// The epoch with the best validation accuracy.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct BestEpoch {
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// Its validation accuracy.
    pub accuracy: f64,
}

/// A network, its samples and how it is trained: a run, on an engine.
///
/// Weights, gradients and the state of the optimiser are in the engine's session alone.
pub struct Trainer {
    pub(super) engine: Arc<dyn Engine<f32>>,
    pub(super) info: EngineInfo,
    pub(super) session: Box<dyn Session<f32>>,
    /// The layers; their parameters are those that were last read from the session.
    pub(super) network: Network<f32>,
    pub(super) plan: TrainingPlan,
    pub(super) loss: TrainingLoss,
    pub(super) samples: RunSamples,
    pub(super) collective: Box<dyn Collective>,
    pub(super) position: Position,
    /// Batches since the metrics were last read from the session.
    pub(super) unread_batches: usize,
    pub(super) phases: Phases,
    pub(super) history: Vec<EpochRecord>,
    /// The weights before the first epoch, until it is known whether they move.
    pub(super) weights_before: Option<WeightsBefore>,
    pub(super) experiment: Option<(Config, Arc<Data>)>,
    /// What its checkpoints belong to, once that was asked for.
    pub(super) origin: Option<Origin>,
}

/// The weights before an epoch, and how many epochs were finished then.
pub(super) struct WeightsBefore {
    pub epoch: usize,
    pub weights: Tensors<f32>,
}

/// How far a run is.
#[derive(Clone, Default)]
pub(super) struct Position {
    /// Epochs that are finished.
    pub epoch: usize,
    /// Batches of the epoch under way that are done.
    pub batch: usize,
    /// What was measured in this epoch so far.
    pub metrics: EpochMetrics,
    /// The batch with which `metrics` began to count batches.
    pub first_batch: usize,
    pub best: Option<BestEpoch>,
}

impl Trainer {
    /// The experiment that is run; `None` for a trainer from [`Trainer::builder`].
    pub fn config(&self) -> Option<&Config> {
        self.experiment.as_ref().map(|(config, _)| config)
    }

    /// The data of the experiment; `None` for a trainer from [`Trainer::builder`].
    pub fn data(&self) -> Option<&Arc<Data>> {
        self.experiment.as_ref().map(|(_, data)| data)
    }

    /// The numbers of the run.
    pub fn plan(&self) -> &TrainingPlan {
        &self.plan
    }

    /// The engine.
    pub fn engine(&self) -> &Arc<dyn Engine<f32>> {
        &self.engine
    }

    /// The training samples, before augmentation.
    pub fn training_samples(&self) -> &Batch<f32> {
        &self.samples.train.batch
    }

    /// The test samples.
    pub fn test_samples(&self) -> &Batch<f32> {
        &self.samples.test.batch
    }

    /// Number of inputs of the network, then the number of neurons of each layer.
    pub fn layer_sizes(&self) -> Vec<usize> {
        let outputs = self.network.layers().iter().map(|layer| layer.outputs());
        std::iter::once(self.network.inputs())
            .chain(outputs)
            .collect()
    }

    /// For each layer the number of neurons that spike themselves: none in a pooling layer, which only renames spikes.
    pub fn spiking_neurons(&self) -> Vec<usize> {
        self.network.spiking_neurons()
    }

    /// The network as it is evaluated and saved: with the running mean of the weights if there is one, else with the
    /// weights in training.
    ///
    /// # Errors
    /// If the weights cannot be read from the device.
    pub fn network(&mut self) -> Result<&Network<f32>, TrainError> {
        let weights = self.session.read(self.evaluated_weights())?;
        set_weights(&mut self.network, &weights);
        Ok(&self.network)
    }

    /// The records of all finished epochs.
    pub fn history(&self) -> &[EpochRecord] {
        &self.history
    }

    /// The epoch with the best validation accuracy, if there is a validation part.
    pub fn best(&self) -> Option<BestEpoch> {
        self.position.best
    }

    /// Number of finished epochs.
    pub fn finished_epochs(&self) -> usize {
        self.position.epoch
    }

    /// The epoch under way, counted from 1; after the last epoch, one more than there are.
    pub(super) fn epoch_under_way(&self) -> usize {
        self.position.epoch + 1
    }

    /// Whether there is a running mean of the weights.
    pub(super) fn has_average(&self) -> bool {
        self.plan.weight_average > 0.0
    }

    /// The weights that the network is evaluated with.
    pub(super) fn evaluated_weights(&self) -> TensorGroup {
        match self.has_average() {
            true => TensorGroup::Average,
            false => TensorGroup::Parameters,
        }
    }

    /// Index of the last layer.
    pub(super) fn output_layer(&self) -> usize {
        self.network.layers().len().saturating_sub(1)
    }
}
