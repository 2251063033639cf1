//! The CPU engine in the place of a device whose memory must not be read while an epoch is under way.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use noctule_core::{
    Batch, Engine, EngineError, EngineInfo, Label, Loss, Metrics, Network, OptimiserProgress, Pass,
    Prediction, Regularisation, Session, SessionOptions, SpikeBatch, StoredSet, TensorGroup,
    Tensors,
};
use noctule_cpu::CpuEngine;

type Outcome<T = ()> = Result<T, EngineError>;

/// The CPU engine, whose sessions refuse reads inside an epoch.
pub struct ResidentEngine {
    cpu: CpuEngine,
    reads_wait: bool,
    batches_per_epoch: usize,
    /// How often metrics were read.
    pub metric_reads: Arc<AtomicUsize>,
}

impl ResidentEngine {
    pub fn new(cpu: CpuEngine, reads_wait: bool, batches_per_epoch: usize) -> Self {
        Self {
            cpu,
            reads_wait,
            batches_per_epoch,
            metric_reads: Arc::default(),
        }
    }
}

impl Engine<f32> for ResidentEngine {
    fn info(&self) -> EngineInfo {
        EngineInfo {
            reads_wait: self.reads_wait,
            ..Engine::<f32>::info(&self.cpu)
        }
    }

    fn open(
        &self,
        network: &Network<f32>,
        options: &SessionOptions,
    ) -> Outcome<Box<dyn Session<f32>>> {
        Ok(Box::new(ResidentSession {
            inner: self.cpu.open(network, options)?,
            batches_per_epoch: self.batches_per_epoch,
            steps: 0,
            metric_reads: Arc::clone(&self.metric_reads),
        }))
    }

    fn run(&self, work: &mut (dyn FnMut() + Send)) {
        Engine::<f32>::run(&self.cpu, work);
    }
}

struct ResidentSession {
    inner: Box<dyn Session<f32>>,
    batches_per_epoch: usize,
    steps: usize,
    metric_reads: Arc<AtomicUsize>,
}

impl ResidentSession {
    /// Whether an epoch is not under way.
    fn between_epochs(&self, read: &str) -> Outcome {
        if self.steps.is_multiple_of(self.batches_per_epoch) {
            return Ok(());
        }
        Err(refusal(read))
    }
}

fn refusal(read: &str) -> EngineError {
    EngineError::Device(format!("`{read}` was called inside an epoch"))
}

impl Session<f32> for ResidentSession {
    fn load(&mut self, batch: &Batch<f32>) -> Outcome {
        self.inner.load(batch)
    }

    fn store(&mut self, set: &Batch<f32>) -> Outcome<StoredSet> {
        self.inner.store(set)
    }

    fn select(&mut self, set: StoredSet, samples: &[u32]) -> Outcome {
        self.inner.select(set, samples)
    }

    fn forward(&mut self, pass: Pass) -> Outcome {
        self.inner.forward(pass)
    }

    fn forward_recorded(&mut self, layers: &[SpikeBatch<f32>]) -> Outcome {
        self.inner.forward_recorded(layers)
    }

    fn loss(&mut self, loss: &Loss) -> Outcome {
        self.inner.loss(loss)
    }

    fn predict(&mut self, rule: Prediction) -> Outcome {
        self.inner.predict(rule)
    }

    fn set_time_gradients(
        &mut self,
        d_times: &[f32],
        loss: f64,
        predictions: &[Option<Label>],
    ) -> Outcome {
        self.inner.set_time_gradients(d_times, loss, predictions)
    }

    fn backward(&mut self, regularisation: &Regularisation, weight: f64) -> Outcome {
        self.inner.backward(regularisation, weight)
    }

    fn step(&mut self, learning_rate: f64, max_norm: Option<f64>) -> Outcome {
        self.steps += 1;
        self.inner.step(learning_rate, max_norm)
    }

    fn clear_gradient(&mut self) -> Outcome {
        self.inner.clear_gradient()
    }

    fn wait(&mut self) -> Outcome {
        Err(refusal("wait"))
    }

    fn take_metrics(&mut self, total: &mut Metrics) -> Outcome {
        self.metric_reads.fetch_add(1, Ordering::Relaxed);
        self.inner.take_metrics(total)
    }

    fn input(&mut self) -> Outcome<Cow<'_, SpikeBatch<f32>>> {
        Err(refusal("input"))
    }

    fn spikes(&mut self, _: usize) -> Outcome<Cow<'_, SpikeBatch<f32>>> {
        Err(refusal("spikes"))
    }

    fn predictions(&mut self) -> Outcome<Cow<'_, [Option<Label>]>> {
        Err(refusal("predictions"))
    }

    fn input_time_gradients(&mut self) -> Outcome<Cow<'_, [f32]>> {
        Err(refusal("input_time_gradients"))
    }

    fn gradient_norm(&mut self) -> Outcome<f64> {
        Err(refusal("gradient_norm"))
    }

    fn parameters_are_in_range(&mut self) -> Outcome<bool> {
        self.between_epochs("parameters_are_in_range")?;
        self.inner.parameters_are_in_range()
    }

    fn read(&mut self, group: TensorGroup) -> Outcome<Tensors<f32>> {
        self.between_epochs("read")?;
        self.inner.read(group)
    }

    fn write(&mut self, group: TensorGroup, tensors: &Tensors<f32>) -> Outcome {
        self.between_epochs("write")?;
        self.inner.write(group, tensors)
    }

    fn optimiser_progress(&self) -> OptimiserProgress {
        self.inner.optimiser_progress()
    }

    fn set_optimiser_progress(&mut self, progress: &OptimiserProgress) -> Outcome {
        self.inner.set_optimiser_progress(progress)
    }

    fn set_shard(&mut self, rank: usize, ranks: usize) -> Outcome {
        self.inner.set_shard(rank, ranks)
    }

    fn exchange(&mut self, group: TensorGroup, visit: &mut dyn FnMut(&mut [f32])) -> Outcome {
        self.between_epochs("exchange")?;
        self.inner.exchange(group, visit)
    }

    fn exchange_metrics(&mut self, _: &mut dyn FnMut(&mut [f64])) -> Outcome {
        Err(refusal("exchange_metrics"))
    }
}
