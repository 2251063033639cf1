//! What a case does with a session.

use noctule_core::{
    Batch, Engine, Homeostasis, LayerRegularisation, Loss, Metrics, Network, Optimiser, Pass,
    Regularisation, Session, SessionOptions, SpikeCount,
};
use noctule_gpu::{Backend, GpuEngine};

use crate::cases::Outcome;
use crate::networks;
use crate::record::Writer;

/// A session, and how it trains.
pub struct Training {
    pub network: Network<f32>,
    pub samples: Batch<f32>,
    pub session: Box<dyn Session<f32>>,
    pub pass: Pass,
    pub loss: Loss,
    pub regularisation: Regularisation,
    /// The largest norm of the gradient.
    pub max_norm: Option<f64>,
}

impl Training {
    /// Batches of `samples` samples with Adam, the spike-count loss, and no regularisation.
    pub fn new(network: Network<f32>, samples: usize) -> Outcome<Self> {
        Self::with(network, samples, &SessionOptions::default())
    }

    pub fn with(network: Network<f32>, samples: usize, options: &SessionOptions) -> Outcome<Self> {
        let engine = GpuEngine::new(Backend::Cuda, 0)?;
        Ok(Self {
            samples: networks::samples(&network, samples)?,
            session: engine.open(&network, options)?,
            network,
            pass: Pass {
                dropout: Some(1),
                ..Pass::default()
            },
            loss: spike_count(),
            regularisation: Regularisation::default(),
            max_norm: None,
        })
    }

    /// Enqueues a batch of training.
    pub fn batch(&mut self) -> Outcome<()> {
        self.session.load(&self.samples)?;
        self.session.forward(self.pass)?;
        self.session.loss(&self.loss)?;
        self.session.backward(&self.regularisation, 1.0)?;
        Ok(self.session.step(0.001, self.max_norm)?)
    }

    /// Waits, and reads the metrics.
    pub fn finish(&mut self) -> Outcome<Metrics> {
        self.session.wait()?;
        let mut metrics = Metrics::new(&self.network);
        self.session.take_metrics(&mut metrics)?;
        Ok(metrics)
    }

    /// A batch of training.
    pub fn run(mut self) -> Outcome<Self> {
        self.batch()?;
        self.finish()?;
        Ok(self)
    }

    /// Batches of training after the first one, whose launches the record counts.
    pub fn count(mut self, record: &Writer) -> Outcome<()> {
        const BATCHES: usize = 20;
        self.batch()?;
        self.finish()?;
        record.begin_batches(BATCHES);
        for _ in 0..BATCHES {
            self.batch()?;
        }
        let metrics = self.finish()?;
        record.end_batches();
        let samples = self.samples.len() * BATCHES;
        if metrics.samples() != samples as u64 {
            return Err(format!("{} samples of {samples} are counted", metrics.samples()).into());
        }
        Ok(())
    }

    /// A pass with recorded spikes, and back.
    pub fn run_recorded(mut self) -> Outcome<()> {
        let spikes = networks::recorded_spikes(&self.network, self.samples.len())?;
        self.session.load(&self.samples)?;
        self.session.forward_recorded(&spikes)?;
        self.session.loss(&self.loss)?;
        self.session.backward(&self.regularisation, 1.0)?;
        self.session.input_time_gradients()?;
        self.finish()?;
        Ok(())
    }
}

pub fn spike_count() -> Loss {
    Loss::from(SpikeCount {
        target_true: 15.0,
        target_false: 3.0,
    })
}

/// Options with this optimiser.
pub fn options(optimiser: impl Into<Optimiser>) -> SessionOptions {
    SessionOptions {
        optimiser: optimiser.into(),
        ..SessionOptions::default()
    }
}

/// Homeostasis, a silent boost and a bound on the inverse slope in two layers; the last one has labels.
pub fn regularisation() -> Regularisation {
    let layer = LayerRegularisation {
        homeostasis: Some(Homeostasis {
            target: 1.0,
            strength: 0.1,
        }),
        silent_boost: 0.1,
    };
    Regularisation {
        max_inverse_slope: Some(1.0),
        layers: vec![layer; 2],
    }
}
