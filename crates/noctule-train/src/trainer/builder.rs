//! A trainer for a network and samples of the caller's own, without an experiment file.

use std::sync::Arc;

use noctule_core::{
    Batch, Engine, Label, Loss, Network, Optimiser, Prediction, Regularisation, SpikeBatch,
};

use super::build_check::{check_plan, check_samples};
use super::error::{BuildError, TrainError};
use super::loss::{LossFunction, OwnLoss, TrainingLoss};
use super::samples::{RunSamples, SampleSet};
use super::state::Trainer;
use crate::plan::TrainingPlan;
use crate::schedule::ScheduleConfig;

/// What a trainer is made of; see [`Trainer::builder`].
#[must_use]
pub struct TrainerBuilder {
    engine: Arc<dyn Engine<f32>>,
    network: Option<Network<f32>>,
    train: Option<Batch<f32>>,
    validation: Option<Batch<f32>>,
    test: Option<Batch<f32>>,
    loss: Option<TrainingLoss>,
    prediction: Option<Prediction>,
    plan: TrainingPlan,
}

impl Trainer {
    /// A trainer for a network and samples of the caller's own. [`Trainer::run`] trains, and [`Trainer::network`] gives
    /// the trained network.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::AtomicBool;
    /// use noctule_core::{Adam, Batch, Engine, Network, SpikeCount};
    /// use noctule_train::{NoProgress, TrainError, Trainer};
    ///
    /// fn train(
    ///     engine: Arc<dyn Engine<f32>>,
    ///     network: Network<f32>,
    ///     train: Batch<f32>,
    ///     test: Batch<f32>,
    /// ) -> Result<Network<f32>, TrainError> {
    ///     let mut trainer = Trainer::builder(engine)
    ///         .network(network)
    ///         .train(train)
    ///         .test(test)
    ///         .loss(SpikeCount { target_true: 15.0, target_false: 3.0 })
    ///         .optimiser(Adam { learning_rate: 0.008, ..Adam::default() })
    ///         .epochs(20)
    ///         .build()?;
    ///     trainer.run(None, &mut NoProgress, &AtomicBool::new(false))?;
    ///     Ok(trainer.network()?.clone())
    /// }
    /// ```
    pub fn builder(engine: Arc<dyn Engine<f32>>) -> TrainerBuilder {
        TrainerBuilder {
            engine,
            network: None,
            train: None,
            validation: None,
            test: None,
            loss: None,
            prediction: None,
            plan: TrainingPlan {
                seed: 0,
                epochs: 10,
                batch_size: 50,
                optimiser: Optimiser::default(),
                schedule: ScheduleConfig::default(),
                weight_average: 0.0,
                regularisation: Regularisation::default(),
                prediction: Prediction::MostSpikes,
            },
        }
    }
}

impl TrainerBuilder {
    /// The network, with the parameters that it begins with. Needed.
    pub fn network(mut self, network: Network<f32>) -> Self {
        self.network = Some(network);
        self
    }

    /// The training samples. Needed.
    pub fn train(mut self, samples: Batch<f32>) -> Self {
        self.train = Some(samples);
        self
    }

    /// The validation samples, which choose the best epoch. Default: none.
    pub fn validation(mut self, samples: Batch<f32>) -> Self {
        self.validation = Some(samples);
        self
    }

    /// The test samples. Needed.
    pub fn test(mut self, samples: Batch<f32>) -> Self {
        self.test = Some(samples);
        self
    }

    /// A loss that the engine evaluates. This, or [`own_loss`](Self::own_loss), is needed.
    pub fn loss(mut self, loss: impl Into<Loss>) -> Self {
        self.loss = Some(loss.into().into());
        self
    }

    /// A loss of the caller's own: a function of the output events of a batch and the labels of its samples. The events
    /// of every batch are read from the engine for it. It is never called without samples.
    pub fn own_loss(
        mut self,
        function: impl FnMut(&SpikeBatch<f32>, &[Label]) -> OwnLoss + Send + 'static,
    ) -> Self {
        let function: Box<LossFunction> = Box::new(function);
        self.loss = Some(function.into());
        self
    }

    /// How [`Trainer::predict`] predicts classes. Default: as the loss does; [`Prediction::MostSpikes`] with a loss of
    /// the caller's own.
    pub fn prediction(mut self, rule: Prediction) -> Self {
        self.prediction = Some(rule);
        self
    }

    /// How parameters follow their gradients. Default: [`Adam`](noctule_core::Adam) with its defaults.
    pub fn optimiser(mut self, optimiser: impl Into<Optimiser>) -> Self {
        self.plan.optimiser = optimiser.into();
        self
    }

    /// How the learning rate changes over the run. Default: it is constant.
    pub fn schedule(mut self, schedule: ScheduleConfig) -> Self {
        self.plan.schedule = schedule;
        self
    }

    /// Samples of a batch. Default: 50.
    pub fn batch_size(mut self, samples: usize) -> Self {
        self.plan.batch_size = samples;
        self
    }

    /// Passes through the training samples. Default: 10.
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.plan.epochs = epochs;
        self
    }

    /// Seed of the order of the samples and of dropout. Default: 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.plan.seed = seed;
        self
    }

    /// What is added to the exact gradient. Default: nothing.
    pub fn regularisation(mut self, regularisation: Regularisation) -> Self {
        self.plan.regularisation = regularisation;
        self
    }

    /// How much of a running mean of the weights is kept at each step; evaluation uses the mean. Default: 0, no mean.
    pub fn weight_average(mut self, keep: f64) -> Self {
        self.plan.weight_average = keep;
        self
    }

    /// Opens the network on the engine and stores the samples there.
    ///
    /// # Errors
    /// If something that is needed was not given, a number is out of range, a part of the samples is empty or does not fit
    /// the network, an engine's loss has no label per sample or labels beyond the outputs, or the engine cannot run the
    /// network.
    pub fn build(self) -> Result<Trainer, TrainError> {
        let mut plan = self.plan;
        check_plan(&plan).map_err(BuildError::from)?;
        let network = needed(self.network, "a network", "network")?;
        let loss = needed(self.loss, "a loss", "loss")?;
        plan.prediction = self.prediction.unwrap_or(loss.prediction());
        let train = needed(self.train, "samples", "train")?;
        let test = needed(self.test, "samples", "test")?;
        let parts = [
            ("train", Some(&train)),
            ("validation", self.validation.as_ref()),
            ("test", Some(&test)),
        ];
        for (split, batch) in parts {
            if let Some(batch) = batch {
                check_samples(split, batch, &loss, network.outputs())?;
            }
        }
        let samples = RunSamples {
            train: SampleSet::new(train),
            validation: self.validation.map(SampleSet::new),
            test: SampleSet::new(test),
            augmented: None,
        };
        Trainer::open(self.engine, network, samples, loss, plan)
    }
}

fn needed<Part>(
    part: Option<Part>,
    what: &'static str,
    method: &'static str,
) -> Result<Part, BuildError> {
    part.ok_or(BuildError::Missing { what, method })
}
