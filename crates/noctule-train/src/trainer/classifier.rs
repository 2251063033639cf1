//! A trained network that classifies samples, without what only training needs.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use noctule_core::{
    Batch, Engine, Label, Network, Prediction, Session, SessionOptions, Sgd, SpikeBatch,
};
use noctule_data::Dataset;

use super::error::TrainError;
use super::evaluate::{EVALUATION, EVALUATION_BATCH, Evaluation, EvaluationEnd};
use super::loss::TrainingLoss;
use super::origin::Origin;
use super::samples::SampleSet;
use super::trained::load_trained;
use crate::config::{ChangedKey, Config};
use crate::confusion::Confusion;
use crate::experiment;
use crate::metrics::{EpochMetrics, EpochRecord};
use crate::run_on::run_on;

/// The trained network of an experiment on an engine, and the samples that it classifies.
pub struct Classifier {
    engine: Arc<dyn Engine<f32>>,
    session: Box<dyn Session<f32>>,
    network: Network<f32>,
    loss: TrainingLoss,
    prediction: Prediction,
    samples: SampleSet,
    changes: Vec<ChangedKey>,
}

/// What a network makes of some samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Classified {
    /// The predicted class of each sample; `None` where no output neuron spiked.
    pub predictions: Vec<Option<Label>>,
    /// The output events of each layer that was asked for.
    pub spikes: Vec<SpikeBatch<f32>>,
}

impl Classifier {
    /// Samples of a classification that are well taken together.
    pub const BATCH: usize = EVALUATION_BATCH;

    /// The network of an experiment with the weights of a checkpoint (the running mean, if there is one), for these
    /// samples.
    ///
    /// # Errors
    /// If the experiment does not fit the samples, the checkpoint cannot be read or belongs to another network, or the
    /// engine cannot run the network.
    pub fn new(
        config: &Config,
        samples: &Dataset,
        checkpoint: &Path,
        engine: Arc<dyn Engine<f32>>,
    ) -> Result<Self, TrainError> {
        let encoding = experiment::encoding(config)?;
        let batch = samples.batch(encoding);
        let mut network = experiment::network(config, batch.population(), samples)?;
        let loaded = load_trained(&mut network, checkpoint)?;
        // Nothing is optimised: this one needs no memory.
        let options = SessionOptions {
            optimiser: Sgd::default().into(),
            ..SessionOptions::default()
        };
        let session = run_on(&*engine, || engine.open(&network, &options))?;
        let loss = experiment::loss(config);
        Ok(Self {
            session,
            network,
            prediction: loss.prediction(),
            loss: loss.into(),
            samples: SampleSet::new(batch),
            changes: Origin::changes(&loaded, config)?,
            engine,
        })
    }

    /// The keys of the experiment that are others than when the weights were trained.
    pub fn changed_keys(&self) -> &[ChangedKey] {
        &self.changes
    }

    /// The samples.
    pub fn samples(&self) -> &Batch<f32> {
        &self.samples.batch
    }

    /// The network.
    pub fn network(&self) -> &Network<f32> {
        &self.network
    }

    /// Evaluates the network on all samples, which must be labelled. `split` is their name in the record, whose epoch
    /// is 0; `confusion` gets a count of each sample. `None` if `stop` was set meanwhile.
    ///
    /// # Errors
    /// If the samples cannot be encoded, or the engine fails.
    pub fn evaluate(
        &mut self,
        split: &str,
        mut confusion: Option<&mut Confusion>,
        stop: &AtomicBool,
    ) -> Result<Option<EpochRecord>, TrainError> {
        let engine = Arc::clone(&self.engine);
        let output = self.network.layers().len().saturating_sub(1);
        let mut metrics = EpochMetrics::new(&self.network);
        let samples: Vec<u32> = (0..self.samples.batch.len() as u32).collect();
        let labels = self.samples.batch.labels.clone();
        let mut counted = 0;
        let end = run_on(&*engine, || {
            let mut evaluation = Evaluation {
                session: &mut *self.session,
                loss: &mut self.loss,
                output,
                reads_wait: engine.info().reads_wait,
                stops: &mut || stop.load(Ordering::Relaxed),
                most_samples: samples.len(),
            };
            let set = &mut self.samples;
            evaluation.run(set, &samples, &mut metrics, &mut |session, done, _| {
                let Some(confusion) = &mut confusion else {
                    return Ok(());
                };
                let predictions = session.predictions()?;
                for (&label, &prediction) in labels[counted..done].iter().zip(&*predictions) {
                    confusion.add(label, prediction);
                }
                counted = done;
                Ok(())
            })
        })?;
        let is_finished = end == EvaluationEnd::Finished;
        Ok(is_finished.then(|| metrics.record(0, split)))
    }

    /// Classifies some of the samples, which need no labels, and reads the output events of these layers.
    ///
    /// # Errors
    /// If there is no such sample or layer, a sample cannot be encoded, or the engine fails.
    pub fn classify(
        &mut self,
        samples: Range<usize>,
        layers: &[usize],
    ) -> Result<Classified, TrainError> {
        let engine = Arc::clone(&self.engine);
        let samples: Vec<u32> = samples.map(|sample| sample as u32).collect();
        run_on(&*engine, || {
            let session = &mut *self.session;
            self.samples.select(session, &samples)?;
            session.forward(EVALUATION)?;
            session.predict(self.prediction)?;
            // What was measured is not looked at.
            session.take_metrics(&mut EpochMetrics::new(&self.network).metrics)?;
            let predictions = session.predictions()?.into_owned();
            let mut spikes = Vec::new();
            for &layer in layers {
                spikes.push(session.spikes(layer)?.into_owned());
            }
            Ok(Classified {
                predictions,
                spikes,
            })
        })
    }
}
