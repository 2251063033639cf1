//! The beginning of a run.

use std::path::Path;
use std::sync::Arc;

use noctule_core::{Engine, Network, SessionOptions};

use super::error::TrainError;
use super::loss::TrainingLoss;
use super::phases::Phases;
use super::samples::{AugmentedSamples, RunSamples, SampleSet};
use super::state::{Position, Trainer};
use crate::collective::SingleProcess;
use crate::config::{Config, ConfigError, DataSet};
use crate::experiment::{self, Data, Measuring};
use crate::plan::TrainingPlan;
use crate::run_on::run_on;

impl Trainer {
    /// The run of an experiment from its beginning; files of data sets are looked for in `data_directory`, or where
    /// [`noctule_data::data_directory`] says.
    ///
    /// # Errors
    /// If the data cannot be loaded, the configuration does not fit them, or the engine cannot run the network.
    pub fn new(
        config: Config,
        data_directory: Option<&Path>,
        engine: Arc<dyn Engine<f32>>,
    ) -> Result<Self, TrainError> {
        let data = Arc::new(Data::load(&config, data_directory)?);
        Self::with_data(config, data, engine)
    }

    /// As [`Trainer::new`], with data that are loaded already and may belong to several trainers. What the configuration
    /// leaves out, and follows from the data, is a number in [`Trainer::config`].
    ///
    /// # Errors
    /// If the configuration does not fit the data, or the engine cannot run the network.
    pub fn with_data(
        mut config: Config,
        data: Arc<Data>,
        engine: Arc<dyn Engine<f32>>,
    ) -> Result<Self, TrainError> {
        if config.data.set == DataSet::Events {
            // So that test samples alone are read as they were here.
            config.data.population = Some(data.train.shape().neurons());
        }
        let encoding = experiment::encoding(&config)?;
        let train = data.train.batch(encoding);
        let measuring = Measuring {
            set: &data.train,
            train: &train,
            engine: &*engine,
        };
        let config = run_on(&*engine, || experiment::with_defaults(config, &measuring))?;
        config.check().map_err(|cause| ConfigError::OutOfRange {
            origin: config.name.clone(),
            cause,
        })?;
        let network = experiment::network(&config, train.population(), &data.train)?;
        let augmentation = experiment::augmentation(&config);
        let samples = RunSamples {
            train: SampleSet::new(train),
            validation: (data.validation.as_ref())
                .map(|validation| SampleSet::new(validation.batch(encoding))),
            test: SampleSet::new(data.test.batch(encoding)),
            augmented: augmentation.map(|augmentation| {
                AugmentedSamples::new(augmentation, encoding, Arc::clone(&data))
            }),
        };
        let loss = experiment::loss(&config).into();
        let plan = experiment::plan(&config);
        let mut trainer = Self::open(engine, network, samples, loss, plan)?;
        trainer.experiment = Some((config, data));
        Ok(trainer)
    }

    /// Opens a session and stores the samples in it.
    pub(super) fn open(
        engine: Arc<dyn Engine<f32>>,
        network: Network<f32>,
        mut samples: RunSamples,
        loss: TrainingLoss,
        plan: TrainingPlan,
    ) -> Result<Self, TrainError> {
        let options = SessionOptions {
            optimiser: plan.optimiser.clone(),
            weight_average: plan.weight_average,
            ..SessionOptions::default()
        };
        let session = run_on(&*engine, || {
            let mut session = engine.open(&network, &options)?;
            samples.store(&mut *session)?;
            Ok::<_, TrainError>(session)
        })?;
        Ok(Self {
            info: engine.info(),
            engine,
            session,
            network,
            plan,
            loss,
            samples,
            collective: Box::new(SingleProcess),
            position: Position::default(),
            unread_batches: 0,
            phases: Phases::default(),
            history: Vec::new(),
            weights_before: None,
            experiment: None,
            origin: None,
        })
    }
}
