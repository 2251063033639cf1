//! A trainer for a network and samples of the caller's own, without an experiment file.

use std::sync::Arc;

use noctule_core::{
    Batch, Engine, Label, Loss, Network, Optimiser, Prediction, Regularisation, SpikeBatch,
};

use super::error::{BuildError, TrainError};
use super::loss::{LossFunction, OwnLoss, TrainingLoss};
use super::samples::{RunSamples, SampleSet};
use super::state::Trainer;
use crate::plan::TrainingPlan;
use crate::range::{count, fraction_below_one, positive};
use crate::schedule::ScheduleConfig;

/// The largest batch, and the most epochs.
const LARGEST_COUNT: usize = 1_000_000;

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
        let loss = loss.into();
        self.prediction.get_or_insert(loss.prediction());
        self.loss = Some(loss.into());
        self
    }

    /// A loss of the caller's own: a function of the output events of a batch and the labels of its samples. The events
    /// of every batch are read from the engine for it.
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
    /// If something that is needed was not given, a number is out of range, the samples do not fit the network, or the
    /// engine cannot run it.
    pub fn build(self) -> Result<Trainer, TrainError> {
        let mut plan = self.plan;
        count("batch_size", plan.batch_size, LARGEST_COUNT).map_err(BuildError::from)?;
        count("epochs", plan.epochs, LARGEST_COUNT).map_err(BuildError::from)?;
        fraction_below_one("weight_average", plan.weight_average).map_err(BuildError::from)?;
        let learning_rate = plan.optimiser.learning_rate();
        positive("learning_rate", learning_rate).map_err(BuildError::from)?;
        plan.schedule
            .check("schedule", learning_rate, plan.epochs)
            .map_err(BuildError::from)?;
        plan.prediction = self.prediction.unwrap_or(plan.prediction);
        let network = needed(self.network, "a network", "network")?;
        let loss = needed(self.loss, "a loss", "loss")?;
        let samples = RunSamples {
            train: samples(self.train, "train")?,
            validation: self.validation.map(SampleSet::new),
            test: samples(self.test, "test")?,
            augmented: None,
        };
        Trainer::open(self.engine, network, samples, loss, plan)
    }
}

fn samples(batch: Option<Batch<f32>>, split: &'static str) -> Result<SampleSet, BuildError> {
    let batch = needed(batch, "samples", split)?;
    if batch.is_empty() {
        return Err(BuildError::NoSamples { split });
    }
    Ok(SampleSet::new(batch))
}

fn needed<Part>(
    part: Option<Part>,
    what: &'static str,
    method: &'static str,
) -> Result<Part, BuildError> {
    part.ok_or(BuildError::Missing { what, method })
}
