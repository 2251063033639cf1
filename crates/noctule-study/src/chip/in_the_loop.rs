//! [`InTheLoopEngine`]: forward passes on a chip, gradients on the host.

use std::borrow::Cow;
use std::sync::Arc;

use noctule_core::{
    Batch, Engine, EngineError, EngineInfo, Label, Layer, Loss, Metrics, Network,
    OptimiserProgress, Pass, PassWeights, Prediction, Regularisation, Session, SessionOptions,
    SpikeBatch, StoredSet, TensorGroup, Tensors,
};

use super::emulator::Emulator;
use super::instance::Chip;
use super::trial_noise::{Purpose, trial};

/// An engine whose forward passes run on an emulated chip.
///
/// The gradient is that of an ideal network at the spikes that the chip had; see
/// [`Session::forward_recorded`]. The host needs to know nothing else of the chip. Input events are dropped nowhere, so
/// layers with dropout are refused, and so is anything that needs several ranks.
pub struct InTheLoopEngine {
    engine: Arc<dyn Engine<f32>>,
    chip: Chip,
    seed: u64,
}

impl InTheLoopEngine {
    /// Networks on `chip`. Both the chip's emulation and the gradient are computed by `engine`. `seed` decides what
    /// differs from trial to trial.
    pub fn new(engine: Arc<dyn Engine<f32>>, chip: Chip, seed: u64) -> Self {
        Self { engine, chip, seed }
    }
}

impl Engine<f32> for InTheLoopEngine {
    fn info(&self) -> EngineInfo {
        self.engine.info()
    }

    fn open(
        &self,
        network: &Network<f32>,
        options: &SessionOptions,
    ) -> Result<Box<dyn Session<f32>>, EngineError> {
        let mut layers = network.layers().iter().filter_map(Layer::spiking);
        if layers.any(|layer| layer.dropout() > 0.0) {
            return Err(unsupported("dropout"));
        }
        if !options.substrate.is_ideal() {
            return Err(unsupported("a substrate beside that of the chip"));
        }
        Ok(Box::new(LoopSession {
            host: self.engine.open(network, options)?,
            emulator: Emulator::new(&*self.engine, network, &self.chip)?,
            on_chip: None,
            seed: self.seed,
            trials: 0,
        }))
    }

    fn run(&self, work: &mut (dyn FnMut() + Send)) {
        self.engine.run(work);
    }
}

fn unsupported(what: &str) -> EngineError {
    EngineError::Unsupported {
        backend: "in-the-loop",
        what: what.to_owned(),
    }
}

struct LoopSession {
    /// Has the weights, the gradient and the optimiser.
    host: Box<dyn Session<f32>>,
    emulator: Emulator,
    /// Which weights the chip has; `None` if they have changed since.
    on_chip: Option<PassWeights>,
    seed: u64,
    trials: u64,
}

impl LoopSession {
    /// Gives the chip the weights of a pass.
    fn write_to_chip(&mut self, weights: PassWeights) -> Result<(), EngineError> {
        if self.on_chip == Some(weights) {
            return Ok(());
        }
        let tensors = match weights {
            // Without a running mean there is no such group.
            PassWeights::Average => match self.host.read(TensorGroup::Average) {
                Ok(average) => average,
                Err(EngineError::Tensors { .. }) => self.host.read(TensorGroup::Parameters)?,
                Err(error) => return Err(error),
            },
            PassWeights::Training => self.host.read(TensorGroup::Parameters)?,
        };
        self.emulator.write(&tensors)?;
        self.on_chip = Some(weights);
        Ok(())
    }
}

impl Session<f32> for LoopSession {
    fn load(&mut self, batch: &Batch<f32>) -> Result<(), EngineError> {
        self.host.load(batch)
    }

    fn store(&mut self, set: &Batch<f32>) -> Result<StoredSet, EngineError> {
        self.host.store(set)
    }

    fn select(&mut self, set: StoredSet, samples: &[u32]) -> Result<(), EngineError> {
        self.host.select(set, samples)
    }

    fn forward(&mut self, pass: Pass) -> Result<(), EngineError> {
        self.write_to_chip(pass.weights)?;
        self.trials += 1;
        let trial = trial(Purpose::Training, self.seed, self.trials);
        let input = self.host.input()?;
        let spikes = self.emulator.run(&input, trial)?;
        self.host.forward_recorded(&spikes)
    }

    fn forward_recorded(&mut self, layers: &[SpikeBatch<f32>]) -> Result<(), EngineError> {
        self.host.forward_recorded(layers)
    }

    fn loss(&mut self, loss: &Loss) -> Result<(), EngineError> {
        self.host.loss(loss)
    }

    fn predict(&mut self, rule: Prediction) -> Result<(), EngineError> {
        self.host.predict(rule)
    }

    fn set_time_gradients(
        &mut self,
        d_times: &[f32],
        loss: f64,
        predictions: &[Option<Label>],
    ) -> Result<(), EngineError> {
        self.host.set_time_gradients(d_times, loss, predictions)
    }

    fn backward(
        &mut self,
        regularisation: &Regularisation,
        weight: f64,
    ) -> Result<(), EngineError> {
        self.host.backward(regularisation, weight)
    }

    fn step(&mut self, learning_rate: f64, max_norm: Option<f64>) -> Result<(), EngineError> {
        self.on_chip = None;
        self.host.step(learning_rate, max_norm)
    }

    fn clear_gradient(&mut self) -> Result<(), EngineError> {
        self.host.clear_gradient()
    }

    fn wait(&mut self) -> Result<(), EngineError> {
        self.host.wait()
    }

    fn take_metrics(&mut self, total: &mut Metrics) -> Result<(), EngineError> {
        self.host.take_metrics(total)
    }

    fn input(&mut self) -> Result<Cow<'_, SpikeBatch<f32>>, EngineError> {
        self.host.input()
    }

    fn spikes(&mut self, layer: usize) -> Result<Cow<'_, SpikeBatch<f32>>, EngineError> {
        self.host.spikes(layer)
    }

    fn predictions(&mut self) -> Result<Cow<'_, [Option<Label>]>, EngineError> {
        self.host.predictions()
    }

    fn input_time_gradients(&mut self) -> Result<Cow<'_, [f32]>, EngineError> {
        self.host.input_time_gradients()
    }

    fn gradient_norm(&mut self) -> Result<f64, EngineError> {
        self.host.gradient_norm()
    }

    fn parameters_are_in_range(&mut self) -> Result<bool, EngineError> {
        self.host.parameters_are_in_range()
    }

    fn read(&mut self, group: TensorGroup) -> Result<Tensors<f32>, EngineError> {
        self.host.read(group)
    }

    fn write(&mut self, group: TensorGroup, tensors: &Tensors<f32>) -> Result<(), EngineError> {
        self.on_chip = None;
        self.host.write(group, tensors)
    }

    fn optimiser_progress(&self) -> OptimiserProgress {
        self.host.optimiser_progress()
    }

    fn set_optimiser_progress(&mut self, progress: &OptimiserProgress) -> Result<(), EngineError> {
        self.host.set_optimiser_progress(progress)
    }

    fn set_shard(&mut self, _rank: usize, ranks: usize) -> Result<(), EngineError> {
        match ranks {
            1 => Ok(()),
            _ => Err(unsupported("several ranks")),
        }
    }

    fn exchange(
        &mut self,
        group: TensorGroup,
        visit: &mut dyn FnMut(&mut [f32]),
    ) -> Result<(), EngineError> {
        self.on_chip = None;
        self.host.exchange(group, visit)
    }

    fn exchange_metrics(&mut self, visit: &mut dyn FnMut(&mut [f64])) -> Result<(), EngineError> {
        self.host.exchange_metrics(visit)
    }
}
