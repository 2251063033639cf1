//! The implementation of [`noctule_core::Session`]: each call checks its arguments and calls the method that does the
//! work.

use std::borrow::Cow;

use noctule_core::{
    Batch, EngineError, Evaluation, Label, Loss, Metrics, OptimiserProgress, Pass, Prediction,
    Regularisation, Session, SpikeBatch, StoredSet, TensorGroup, Tensors, are_weights, checks,
};

use crate::session::state::CpuSession;
use crate::simd::dispatch::CpuReal;
use crate::weights::blocked::BlockedWeights;

impl<T: CpuReal> Session<T> for CpuSession<T> {
    fn load(&mut self, batch: &Batch<T>) -> Result<(), EngineError> {
        checks::batch(self.inputs, batch)?;
        self.take_samples(&batch.samples, None)?;
        self.labels.clone_from(&batch.labels);
        Ok(())
    }

    fn store(&mut self, set: &Batch<T>) -> Result<StoredSet, EngineError> {
        checks::batch(self.inputs, set)?;
        self.sets.push(set.clone());
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
        let chosen = set.samples.clone();
        self.take_samples(&chosen, Some(samples))?;
        self.labels.clear();
        let labels = &self.sets[index].labels;
        if !labels.is_empty() {
            let labels = samples.iter().map(|&sample| labels[sample as usize]);
            self.labels.extend(labels);
        }
        Ok(())
    }

    fn forward(&mut self, pass: Pass) -> Result<(), EngineError> {
        self.run_forward(pass)
    }

    fn forward_recorded(&mut self, layers: &[SpikeBatch<T>]) -> Result<(), EngineError> {
        self.run_recorded(layers)
    }

    fn loss(&mut self, loss: &Loss) -> Result<(), EngineError> {
        self.evaluate(loss)
    }

    fn predict(&mut self, rule: Prediction) -> Result<(), EngineError> {
        self.pass("`predict`")?;
        let predictions = self.predictions_by(rule);
        let evaluation = Evaluation {
            predictions,
            ..Evaluation::default()
        };
        self.take_evaluation(evaluation, false)
    }

    fn set_time_gradients(
        &mut self,
        d_times: &[T],
        loss: f64,
        predictions: &[Option<Label>],
    ) -> Result<(), EngineError> {
        self.pass("`set_time_gradients`")?;
        let output = self.output();
        checks::time_gradients(output.spikes(), output.samples(), d_times, predictions)?;
        let evaluation = Evaluation {
            loss,
            d_times: d_times.to_vec(),
            predictions: predictions.to_vec(),
            silent: self.silent_true_classes(),
        };
        self.take_evaluation(evaluation, true)
    }

    fn backward(
        &mut self,
        regularisation: &Regularisation,
        weight: f64,
    ) -> Result<(), EngineError> {
        self.run_backward(regularisation, weight)
    }

    fn step(&mut self, learning_rate: f64, max_norm: Option<f64>) -> Result<(), EngineError> {
        self.run_step(learning_rate, max_norm)
    }

    fn clear_gradient(&mut self) -> Result<(), EngineError> {
        self.boosts.clear();
        for gradient in self.gradient.iter_mut().flatten() {
            gradient.as_mut_slice().fill(T::zero());
        }
        Ok(())
    }

    fn wait(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    fn take_metrics(&mut self, total: &mut Metrics) -> Result<(), EngineError> {
        self.metrics.take(total);
        Ok(())
    }

    fn input(&mut self) -> Result<Cow<'_, SpikeBatch<T>>, EngineError> {
        self.samples("`input`").map(|input| Cow::Borrowed(&**input))
    }

    fn spikes(&mut self, layer: usize) -> Result<Cow<'_, SpikeBatch<T>>, EngineError> {
        self.pass("`spikes`")?;
        match self.records.get(layer) {
            Some(record) => Ok(Cow::Borrowed(&record.output)),
            None => Err(EngineError::NoSuchLayer {
                layer,
                layers: self.layers.len(),
            }),
        }
    }

    fn predictions(&mut self) -> Result<Cow<'_, [Option<Label>]>, EngineError> {
        self.pass("`predictions`")?.check_predictions()?;
        Ok(Cow::Borrowed(&self.evaluation.predictions))
    }

    fn input_time_gradients(&mut self) -> Result<Cow<'_, [T]>, EngineError> {
        match &self.d_input {
            Some(d_input) => Ok(Cow::Borrowed(d_input)),
            None => Err(checks::no_input_gradients()),
        }
    }

    fn gradient_norm(&mut self) -> Result<f64, EngineError> {
        Ok(self.norm_of_gradient())
    }

    fn parameters_are_in_range(&mut self) -> Result<bool, EngineError> {
        let weights = self.weights.iter().flatten();
        let mut values = weights.map(BlockedWeights::as_slice);
        Ok(values.all(are_weights))
    }

    fn read(&mut self, group: TensorGroup) -> Result<Tensors<T>, EngineError> {
        self.read_group(group)
    }

    fn write(&mut self, group: TensorGroup, tensors: &Tensors<T>) -> Result<(), EngineError> {
        self.write_group(group, tensors)?;
        if matches!(group, TensorGroup::Parameters | TensorGroup::Average) {
            self.weights_change();
        }
        Ok(())
    }

    fn optimiser_progress(&self) -> OptimiserProgress {
        self.optimiser.progress().clone()
    }

    fn set_optimiser_progress(&mut self, progress: &OptimiserProgress) -> Result<(), EngineError> {
        checks::progress(self.optimiser.rule(), progress)?;
        self.optimiser.set_progress(progress);
        Ok(())
    }

    fn set_shard(&mut self, rank: usize, ranks: usize) -> Result<(), EngineError> {
        checks::rank(rank, ranks)?;
        self.shard = (rank, ranks);
        self.optimiser.set_shard(rank, ranks);
        Ok(())
    }

    fn exchange(
        &mut self,
        group: TensorGroup,
        visit: &mut dyn FnMut(&mut [T]),
    ) -> Result<(), EngineError> {
        self.stored_mut(group)?.into_iter().for_each(visit);
        if matches!(group, TensorGroup::Parameters | TensorGroup::Average) {
            self.weights_change();
        }
        Ok(())
    }

    fn exchange_metrics(&mut self, visit: &mut dyn FnMut(&mut [f64])) -> Result<(), EngineError> {
        self.metrics.exchange(visit)
    }
}
