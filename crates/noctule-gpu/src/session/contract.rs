//! The implementation of [`noctule_core::Session`]: each call checks its arguments, and enqueues or reads.

use std::borrow::Cow;
use std::sync::Arc;

use cubecl::prelude::Runtime;
use noctule_core::{
    Batch, CurrentPass, EngineError, Label, Loss, Metrics, OptimiserProgress, Pass, Prediction,
    Regularisation, Session, SpikeBatch, StoredSet, TensorGroup, Tensors, average_blend, checks,
};

use crate::kernels::loss::{LossKind, LossOptions};
use crate::refused::unsupported;
use crate::session::command::Command;
use crate::session::input::{DeviceInput, DeviceSet};
use crate::session::numbers::{loss_call, step_numbers};
use crate::session::state::{GpuSession, KeptBoost, PendingBatch, VERDICT};

/// Batches after which metrics are read, though nobody asked.
const MOST_PENDING: usize = 64;

/// Calls, and bytes of input that was loaded, after which a session waits for the device.
const MOST_CALLS: usize = 512;
const MOST_BYTES: usize = 1 << 28;

impl<R: Runtime> GpuSession<R> {
    /// Enqueues a loss, a prediction, or the totals of a batch whose loss the caller computed.
    fn evaluate(
        &mut self,
        kind: LossKind,
        by_count: bool,
        numbers: [f32; 6],
        of_caller: Option<(f64, Vec<Option<Label>>)>,
    ) -> Result<(), EngineError> {
        let mut current = self.pass("this call")?;
        let input = self.samples("this call")?.clone();
        let stages = self.plan.stages.len();
        let needed = (VERDICT + stages) * input.samples;
        if self.verdicts_used + needed > self.verdicts.len() {
            self.settle()?;
            if needed * MOST_PENDING > self.verdicts.len() {
                self.verdicts = self.gpu.empty(needed * MOST_PENDING)?;
            }
        }
        let verdicts_start = self.verdicts_used;
        self.verdicts_used += needed;
        let [a, b, c, d, e, f] = numbers;
        let mean = 1.0 / input.samples.max(1) as f32;
        self.enqueue(Command::Evaluate {
            options: LossOptions {
                kind,
                by_count,
                classes: self.plan.last().geometry.neurons(),
                layers: stages as u32,
            },
            numbers: [a, b, c, d, e, f, mean, self.plan.segment],
            verdicts_start,
        })?;
        let has_predictions = of_caller
            .as_ref()
            .is_none_or(|(_, predictions)| !predictions.is_empty());
        self.pending.push(PendingBatch {
            verdicts_start,
            again: current.is_counted,
            of_caller,
            spikes_without_rise: current.spikes_without_rise,
            input: input.clone(),
        });
        current.has_predictions = has_predictions || current.has_predictions || input.samples == 0;
        current.is_counted = true;
        self.current = Some(current);
        Ok(())
    }

    /// Settles if many calls, or much input, wait to be noted as done.
    fn settle_if_long(&mut self) -> Result<(), EngineError> {
        if self.journal.len() >= MOST_CALLS || self.unsettled_bytes >= MOST_BYTES {
            self.settle()?;
        }
        Ok(())
    }

    fn set_has_errors(&mut self, has_errors: bool) {
        if let Some(current) = &mut self.current {
            current.has_errors = has_errors;
        }
    }

    /// Keeps the silent boosts of a batch for the next step: a rank adds them once who spiked is combined.
    fn keep_boosts(&mut self, regularisation: &Regularisation) -> Result<(), EngineError> {
        self.settle()?;
        for (index, stage) in self.plan.stages.iter().enumerate() {
            let boost = regularisation.layer(stage.layer).silent_boost as f32;
            let spiked = self.metrics.batch().spiked(stage.layer);
            if boost != 0.0 && spiked.len() == stage.neurons() {
                self.boosts.push(KeptBoost {
                    stage: index,
                    boost,
                    spiked: spiked.to_vec(),
                });
            }
        }
        Ok(())
    }
}

impl<R: Runtime> Session<f32> for GpuSession<R> {
    fn load(&mut self, batch: &Batch<f32>) -> Result<(), EngineError> {
        checks::batch(self.plan.inputs, batch)?;
        let input = DeviceInput::new(&self.gpu, &self.plan, batch)?;
        self.begin_samples(input);
        Ok(())
    }

    fn store(&mut self, set: &Batch<f32>) -> Result<StoredSet, EngineError> {
        checks::batch(self.plan.inputs, set)?;
        self.sets.push(DeviceSet::new(&self.gpu, &self.plan, set)?);
        Ok(StoredSet {
            index: self.sets.len() - 1,
        })
    }

    fn select(&mut self, set: StoredSet, samples: &[u32]) -> Result<(), EngineError> {
        let StoredSet { index } = set;
        let set = self
            .sets
            .get(index)
            .ok_or(EngineError::NoSuchSet { index })?;
        checks::samples(set.len(), samples)?;
        let input = set.select(&self.gpu, &self.plan, samples)?;
        self.begin_samples(input);
        Ok(())
    }

    fn forward(&mut self, pass: Pass) -> Result<(), EngineError> {
        let input = self.samples("`forward`")?.clone();
        // Ranks combine who spiked in a batch, so there must be none before it.
        if self.pending.len() >= MOST_PENDING || self.shard.1 > 1 {
            self.settle()?;
        }
        self.unsettled_bytes += input.own_bytes;
        self.settle_if_long()?;
        self.batch += 1;
        self.has_input_gradients = false;
        self.recorded = None;
        self.enqueue(Command::Forward {
            input,
            pass,
            batch: self.batch,
        })?;
        self.current = Some(CurrentPass::new(pass.weights, pass.input_gradients));
        Ok(())
    }

    fn forward_recorded(&mut self, layers: &[SpikeBatch<f32>]) -> Result<(), EngineError> {
        self.run_recorded(layers)
    }

    fn loss(&mut self, loss: &Loss) -> Result<(), EngineError> {
        self.pass("`loss`")?;
        let input = self.samples("`loss`")?;
        let classes = self.plan.last().neurons();
        checks::labels(&input.host_labels, input.samples, classes)?;
        let (kind, by_count, numbers) = loss_call(loss);
        self.evaluate(kind, by_count, numbers, None)?;
        self.set_has_errors(true);
        Ok(())
    }

    fn predict(&mut self, rule: Prediction) -> Result<(), EngineError> {
        self.pass("`predict`")?;
        let by_count = rule == Prediction::MostSpikes;
        self.evaluate(
            LossKind::None,
            by_count,
            [0.0, 0.0, 1.0, 0.0, 0.0, 1.0],
            None,
        )?;
        self.set_has_errors(false);
        self.gpu.flush()
    }

    fn set_time_gradients(
        &mut self,
        d_times: &[f32],
        loss: f64,
        predictions: &[Option<Label>],
    ) -> Result<(), EngineError> {
        self.pass("`set_time_gradients`")?;
        self.set_output_errors(d_times, predictions)?;
        let of_caller = Some((loss, predictions.to_vec()));
        self.evaluate(
            LossKind::None,
            true,
            [0.0, 0.0, 1.0, 0.0, 0.0, 1.0],
            of_caller,
        )?;
        self.set_has_errors(true);
        Ok(())
    }

    fn backward(
        &mut self,
        regularisation: &Regularisation,
        weight: f64,
    ) -> Result<(), EngineError> {
        let current = self.pass("`backward`")?;
        current.check_backward()?;
        if self.shard.1 > 1 {
            self.keep_boosts(regularisation)?;
        }
        self.enqueue(Command::Backward {
            regularisation: Arc::new(regularisation.clone()),
            weight,
        })?;
        self.has_input_gradients = current.input_gradients;
        self.set_has_errors(false);
        Ok(())
    }

    fn step(&mut self, learning_rate: f64, max_norm: Option<f64>) -> Result<(), EngineError> {
        if let Some(max_norm) = max_norm {
            checks::max_norm(max_norm)?;
            if self.shard.1 > 1 {
                return Err(unsupported("clipping of the gradient with several ranks"));
            }
        }
        self.settle_if_long()?;
        self.add_kept_boosts()?;
        self.weights_change();
        // The learning rate of a session in single precision.
        let rate = f64::from(learning_rate as f32);
        let step = self.rule.step(&mut self.progress, rate);
        let numbers = step_numbers(step, average_blend(self.average_keep, self.progress.steps));
        let max_norm = max_norm.map(|max_norm| max_norm as f32);
        self.enqueue(Command::Step { numbers, max_norm })
    }

    fn clear_gradient(&mut self) -> Result<(), EngineError> {
        self.boosts.clear();
        self.settle_if_long()?;
        self.enqueue(Command::ClearGradient)
    }

    fn wait(&mut self) -> Result<(), EngineError> {
        self.settle()?;
        self.gpu.wait()
    }

    fn take_metrics(&mut self, total: &mut Metrics) -> Result<(), EngineError> {
        self.settle()?;
        self.metrics.take(total);
        Ok(())
    }

    fn input(&mut self) -> Result<Cow<'_, SpikeBatch<f32>>, EngineError> {
        let input = self.samples("`input`")?.to_host();
        Ok(Cow::Owned(Arc::unwrap_or_clone(input)))
    }

    fn spikes(&mut self, layer: usize) -> Result<Cow<'_, SpikeBatch<f32>>, EngineError> {
        self.pass("`spikes`")?;
        if layer >= self.outputs.len() {
            return Err(EngineError::NoSuchLayer {
                layer,
                layers: self.outputs.len(),
            });
        }
        self.read_spikes(layer).map(Cow::Owned)
    }

    fn predictions(&mut self) -> Result<Cow<'_, [Option<Label>]>, EngineError> {
        self.pass("`predictions`")?.check_predictions()?;
        self.settle()?;
        Ok(Cow::Borrowed(&self.predictions))
    }

    fn input_time_gradients(&mut self) -> Result<Cow<'_, [f32]>, EngineError> {
        if !self.has_input_gradients {
            return Err(checks::no_input_gradients());
        }
        self.read_input_gradients().map(Cow::Owned)
    }

    fn gradient_norm(&mut self) -> Result<f64, EngineError> {
        self.settle()?;
        self.read_gradient_norm()
    }

    fn parameters_are_in_range(&mut self) -> Result<bool, EngineError> {
        self.settle()?;
        self.read_is_in_range()
    }

    fn read(&mut self, group: TensorGroup) -> Result<Tensors<f32>, EngineError> {
        self.read_group(group)
    }

    fn write(&mut self, group: TensorGroup, tensors: &Tensors<f32>) -> Result<(), EngineError> {
        self.write_group(group, tensors)
    }

    fn optimiser_progress(&self) -> OptimiserProgress {
        self.progress.clone()
    }

    fn set_optimiser_progress(&mut self, progress: &OptimiserProgress) -> Result<(), EngineError> {
        checks::progress(&self.rule, progress)?;
        self.progress = progress.clone();
        Ok(())
    }

    fn set_shard(&mut self, rank: usize, ranks: usize) -> Result<(), EngineError> {
        checks::rank(rank, ranks)?;
        self.shard = (rank, ranks);
        Ok(())
    }

    fn exchange(
        &mut self,
        group: TensorGroup,
        visit: &mut dyn FnMut(&mut [f32]),
    ) -> Result<(), EngineError> {
        self.exchange_group(group, visit)
    }

    fn exchange_metrics(&mut self, visit: &mut dyn FnMut(&mut [f64])) -> Result<(), EngineError> {
        self.settle()?;
        self.metrics.exchange(visit)
    }
}
