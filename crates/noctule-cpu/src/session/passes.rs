//! The passes of a session that read its weights: samples, forward, loss and predictions.

use std::sync::Arc;

use noctule_core::{
    BatchRecord, CurrentPass, EngineError, Evaluation, Label, Loss, Pass, PassWeights, Prediction,
    Samples, SpikeBatch, checks,
};

use crate::encode::encode;
use crate::layers::dropout::PassDropout;
use crate::optimiser::average::WeightAverage;
use crate::session::state::{CpuLayer, CpuSession, LayerWeights};
use crate::simd::dispatch::CpuReal;
use crate::weights::transformed::TransformedWeights;

impl<T: CpuReal> CpuSession<T> {
    /// Sets the input events from event lists or images: from those with the indices `chosen`, or from all.
    pub(super) fn take_samples(
        &mut self,
        samples: &Samples<T>,
        chosen: Option<&[u32]>,
    ) -> Result<(), EngineError> {
        match (samples, chosen) {
            (Samples::Events(events), None) => self.input = Some(events.clone()),
            (Samples::Events(events), Some(chosen)) => {
                self.input = Some(Arc::new(events.subset(chosen)));
            }
            (Samples::Images(images), chosen) => {
                let all: Vec<u32>;
                let chosen = match chosen {
                    Some(chosen) => chosen,
                    None => {
                        all = (0..images.len() as u32).collect();
                        &all
                    }
                };
                let mut input = self.input.take().unwrap_or_default();
                // The memory of an earlier batch is reused, unless it is shared with the caller.
                let events = match Arc::get_mut(&mut input) {
                    Some(events) => events,
                    None => {
                        input = Arc::default();
                        Arc::get_mut(&mut input)
                            .unwrap_or_else(|| unreachable!("a new `Arc` is not shared"))
                    }
                };
                self.pool.install(|| encode(images, chosen, events))?;
                self.input = Some(input);
            }
            _ => {
                return Err(EngineError::Unsupported {
                    backend: "cpu",
                    what: "this kind of samples".to_owned(),
                });
            }
        }
        self.begin_samples();
        Ok(())
    }

    /// Transforms the weights of a pass, if there is a substrate.
    fn transform_weights(&mut self, pass: PassWeights) {
        if let Some(transformed) = &mut self.transformed {
            let weights = weights_of(pass, &self.weights, self.average.as_ref(), None);
            self.pool.install(|| transformed.update(weights));
        }
    }

    pub(super) fn run_forward(&mut self, pass: Pass) -> Result<(), EngineError> {
        let input = self.samples("`forward`")?.clone();
        self.transform_weights(pass.weights);
        let weights = weights_of(
            pass.weights,
            &self.weights,
            self.average.as_ref(),
            self.transformed.as_ref(),
        );
        let (layers, records) = (&self.layers, &mut self.records);
        self.pool.install(|| {
            for (index, layer) in layers.iter().enumerate() {
                let (before, rest) = records.split_at_mut(index);
                let input = before.last().map_or(&*input, |record| &record.output);
                match (layer, &weights[index]) {
                    (CpuLayer::Spiking(layer), Some(weights)) => {
                        let dropout = pass.dropout.map(|seed| PassDropout {
                            seed,
                            layer: index,
                            first_sample: pass.first_sample,
                        });
                        layer.forward(weights, input, dropout, &mut rest[0]);
                    }
                    (CpuLayer::SumPool2d(layer), _) => layer.forward(input, &mut rest[0]),
                    (CpuLayer::Spiking(_), None) => unreachable!("neurons have weights"),
                }
            }
        });
        self.d_input = None;
        self.current = Some(CurrentPass::new(pass.weights, pass.input_gradients));
        Ok(())
    }

    pub(super) fn run_recorded(&mut self, spikes: &[SpikeBatch<T>]) -> Result<(), EngineError> {
        let input = self.samples("`forward_recorded`")?.clone();
        checks::recorded(&self.outputs, spikes, input.samples())?;
        self.current = None;
        self.transform_weights(PassWeights::Training);
        let weights = weights_of(
            PassWeights::Training,
            &self.weights,
            None,
            self.transformed.as_ref(),
        );
        let (layers, records) = (&self.layers, &mut self.records);
        let without_rise = self.pool.install(|| {
            let mut without_rise = 0;
            for (index, layer) in layers.iter().enumerate() {
                let input = index
                    .checked_sub(1)
                    .map_or(&*input, |before| &spikes[before]);
                let (output, record) = (&spikes[index], &mut records[index]);
                match (layer, &weights[index]) {
                    (CpuLayer::Spiking(layer), Some(weights)) => {
                        without_rise += layer.forward_recorded(weights, input, output, record);
                    }
                    (CpuLayer::SumPool2d(layer), _) => {
                        layer.forward_recorded(index, input, output, record)?;
                    }
                    (CpuLayer::Spiking(_), None) => unreachable!("neurons have weights"),
                }
            }
            Ok::<u64, EngineError>(without_rise)
        })?;
        self.d_input = None;
        self.current = Some(CurrentPass {
            spikes_without_rise: without_rise,
            ..CurrentPass::new(PassWeights::Training, true)
        });
        Ok(())
    }

    pub(super) fn evaluate(&mut self, loss: &Loss) -> Result<(), EngineError> {
        let mut current = self.pass("`loss`")?;
        let samples = self.samples("`loss`")?.samples();
        let output = &self.records[self.layers.len() - 1].output;
        let (records, labels) = (&self.records, &self.labels);
        checks::labels(labels, samples, output.population())?;
        let metrics = self.metrics.begin(current.is_counted);
        // Neither is parallel in itself, but they can run at the same time.
        let (evaluation, ()) = self.pool.install(|| {
            rayon::join(
                || loss.evaluate(output, labels),
                || {
                    for (layer, record) in records.iter().enumerate() {
                        metrics.add_spikes(layer, &record.output);
                    }
                },
            )
        });
        let evaluation = evaluation?;
        let predictions = &evaluation.predictions;
        let record = BatchRecord::new(evaluation.loss, predictions, labels, samples);
        metrics.add_batch(record);
        metrics.add_spikes_without_rise(current.spikes_without_rise);
        self.evaluation = evaluation;
        (current.has_errors, current.has_predictions) = (true, true);
        current.is_counted = true;
        self.current = Some(current);
        Ok(())
    }

    /// Sets predictions, and errors if `has_errors`, that no loss of the engine computed.
    pub(super) fn take_evaluation(
        &mut self,
        mut evaluation: Evaluation<T>,
        has_errors: bool,
    ) -> Result<(), EngineError> {
        let mut current = self.pass("this call")?;
        let samples = self.samples("this call")?.samples();
        if evaluation.predictions.is_empty() && current.has_predictions {
            evaluation.predictions = std::mem::take(&mut self.evaluation.predictions);
        }
        let metrics = self.metrics.begin(current.is_counted);
        for (layer, record) in self.records.iter().enumerate() {
            metrics.add_spikes(layer, &record.output);
        }
        let predictions = &evaluation.predictions;
        let record = BatchRecord::new(evaluation.loss, predictions, &self.labels, samples);
        metrics.add_batch(record);
        metrics.add_spikes_without_rise(current.spikes_without_rise);
        current.has_predictions = !evaluation.predictions.is_empty() || samples == 0;
        current.has_errors = has_errors;
        current.is_counted = true;
        self.evaluation = evaluation;
        self.current = Some(current);
        Ok(())
    }

    /// The predicted class of each sample.
    pub(super) fn predictions_by(&self, rule: Prediction) -> Vec<Option<Label>> {
        let output = self.output();
        let classes = output.population();
        let samples = 0..output.samples();
        samples
            .map(|sample| rule.of(output.sample(sample), classes))
            .collect()
    }
}

/// The weights that a pass uses: the transformed ones, if there is a substrate.
pub(super) fn weights_of<'a, T: CpuReal>(
    weights: PassWeights,
    training: &'a LayerWeights<T>,
    average: Option<&'a WeightAverage<T>>,
    transformed: Option<&'a TransformedWeights<T>>,
) -> &'a LayerWeights<T> {
    match (transformed, weights, average) {
        (Some(transformed), ..) => &transformed.weights,
        (None, PassWeights::Average, Some(average)) => &average.weights,
        (None, ..) => training,
    }
}
