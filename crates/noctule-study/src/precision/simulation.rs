//! [`Simulation`]: a network that runs on samples, on an engine or in steps, and the time that it takes.

use std::time::Instant;

use noctule_core::{Batch, Engine, Network, Pass, Real, Session, SessionOptions, Sgd, SpikeBatch};

use super::on_threads::on_threads;
use crate::euler::{EulerSimulator, StepReal};
use crate::study::StudyError;

/// A network that runs on samples.
pub(super) trait Simulation<T> {
    /// Simulates samples; the time that it took, in seconds.
    fn simulate(&mut self, input: &SpikeBatch<T>) -> Result<f64, StudyError>;

    /// The output events of each layer in the last samples, pooling layers included.
    fn layers(&mut self) -> Result<Vec<SpikeBatch<T>>, StudyError>;
}

/// A network on an engine.
pub(super) struct Exact<'a, T: Real> {
    engine: &'a dyn Engine<T>,
    /// The session, for passes that this trait does not have.
    pub session: Box<dyn Session<T>>,
    layers: usize,
}

impl<'a, T: Real> Exact<'a, T> {
    /// Opens the network.
    pub(super) fn open(
        engine: &'a dyn Engine<T>,
        network: &Network<T>,
    ) -> Result<Self, StudyError> {
        // Nothing is optimised: this rule needs no memory.
        let options = SessionOptions {
            optimiser: Sgd::default().into(),
            ..SessionOptions::default()
        };
        let session = on_threads(engine, || Ok(engine.open(network, &options)?))?;
        Ok(Self {
            engine,
            session,
            layers: network.layers().len(),
        })
    }

    /// Does `work` with the session on the engine's threads.
    pub(super) fn with_session<R: Send>(
        &mut self,
        work: impl FnOnce(&mut dyn Session<T>) -> Result<R, StudyError> + Send,
    ) -> Result<R, StudyError> {
        let session = &mut *self.session;
        on_threads(self.engine, || work(session))
    }
}

impl<T: Real> Simulation<T> for Exact<'_, T> {
    fn simulate(&mut self, input: &SpikeBatch<T>) -> Result<f64, StudyError> {
        let batch = Batch::events(input.clone(), Vec::new());
        self.with_session(|session| {
            let start = Instant::now();
            session.load(&batch)?;
            session.forward(Pass::default())?;
            session.wait()?;
            Ok(start.elapsed().as_secs_f64())
        })
    }

    fn layers(&mut self) -> Result<Vec<SpikeBatch<T>>, StudyError> {
        let layers = 0..self.layers;
        self.with_session(|session| {
            let spikes = layers.map(|layer| Ok(session.spikes(layer)?.into_owned()));
            spikes.collect()
        })
    }
}

/// A network in steps, on as many threads as an engine has.
pub(super) struct InSteps<'a, T: Real> {
    engine: &'a dyn Engine<T>,
    simulator: EulerSimulator<T>,
    layers: Vec<SpikeBatch<T>>,
}

impl<'a, T: StepReal> InSteps<'a, T> {
    /// The network with steps of `step` seconds.
    pub(super) fn new(
        engine: &'a dyn Engine<T>,
        network: &Network<T>,
        step: f64,
    ) -> Result<Self, StudyError> {
        Ok(Self {
            engine,
            simulator: EulerSimulator::new(network, step)?,
            layers: Vec::new(),
        })
    }
}

impl<T: StepReal> Simulation<T> for InSteps<'_, T> {
    fn simulate(&mut self, input: &SpikeBatch<T>) -> Result<f64, StudyError> {
        let simulator = &self.simulator;
        let (layers, seconds) = on_threads(self.engine, || {
            let start = Instant::now();
            let layers = simulator.simulate(input)?;
            Ok((layers, start.elapsed().as_secs_f64()))
        })?;
        self.layers = layers;
        Ok(seconds)
    }

    fn layers(&mut self) -> Result<Vec<SpikeBatch<T>>, StudyError> {
        Ok(self.layers.clone())
    }
}
