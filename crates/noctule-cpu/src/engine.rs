//! [`CpuEngine`]: the CPU as a [`noctule_core::Engine`].

use std::sync::Arc;

use noctule_core::{Engine, EngineError, EngineInfo, Network, Session, SessionOptions};

use crate::parallel::pool::Pool;
use crate::session::state::CpuSession;
use crate::simd::dispatch::{self, instruction_set, is_fused};

/// The CPU engine, with its own thread pool.
///
/// ```
/// use noctule_core::{Initialiser, LifParameters, Loss, Model, Network, Sgd, SpikeBatch, SpikeCount};
/// use noctule_cpu::CpuEngine;
///
/// let neuron = LifParameters {
///     tau_m: 0.020, tau_s: 0.010, theta: 1.0, reset: 1.0, max_spikes: 10, t_max: 0.1,
/// };
/// let network = Network::<f64>::new(2)?.dense(3, &neuron, Initialiser::uniform(0.0, 400.0)?, 7)?;
/// let mut input = SpikeBatch::new(2);
/// input.push_sample([(0.000, 0), (0.005, 1)])?;
///
/// let engine = CpuEngine::new(0)?; // one thread per core
/// let mut model = Model::new(&engine, &network, Sgd { learning_rate: 10.0, ..Sgd::default() })?;
/// let output = model.forward(&input)?;
/// let loss = Loss::from(SpikeCount { target_true: 5.0, target_false: 1.0 });
/// model.backward(&loss.evaluate(&output, &[2])?.d_times)?;
/// model.step()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct CpuEngine {
    pool: Arc<Pool>,
}

impl CpuEngine {
    /// An engine with `threads` threads; 0 means one thread per core.
    ///
    /// # Errors
    /// If the threads cannot be started, or the environment variable `NOCTULE_SIMD` names an instruction set that is not
    /// known or that the processor lacks.
    pub fn new(threads: usize) -> Result<Self, EngineError> {
        dispatch::check()?;
        let pool = Pool::new(threads)
            .map_err(|error| EngineError::Device(format!("cannot start the threads: {error}")))?;
        Ok(Self {
            pool: Arc::new(pool),
        })
    }

    fn describe(&self) -> EngineInfo {
        let products = if is_fused() { "fused" } else { "separate" };
        EngineInfo {
            backend: "cpu",
            device: instruction_set().to_owned(),
            memory_bytes: None,
            threads: self.pool.threads(),
            reads_wait: false,
            parallel_sessions: self.pool.threads(),
            arithmetic: format!("{products} multiplications and additions"),
        }
    }

    fn run_in_pool(&self, work: &mut (dyn FnMut() + Send)) {
        self.pool.run(work);
    }
}

/// Implements [`Engine`] for one number type. A generic implementation would be compiled again in every crate that uses
/// it.
macro_rules! engine {
    ($number:ty) => {
        impl Engine<$number> for CpuEngine {
            fn info(&self) -> EngineInfo {
                self.describe()
            }

            fn open(
                &self,
                network: &Network<$number>,
                options: &SessionOptions,
            ) -> Result<Box<dyn Session<$number>>, EngineError> {
                let session = CpuSession::<$number>::new(self.pool.clone(), network, options)?;
                Ok(Box::new(session))
            }

            fn run(&self, work: &mut (dyn FnMut() + Send)) {
                self.run_in_pool(work);
            }
        }
    };
}

engine!(f32);
engine!(f64);
