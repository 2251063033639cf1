//! The passes of a session: samples, forward pass, loss, backward pass, step.

use std::sync::Arc;

use noctule_core::{
    EngineError, Evaluation, Label, LabelError, Loss, Pass, PassWeights, Prediction, Real,
    Regularisation, Samples, SpikeBatch,
};

use crate::encode::encode;
use crate::layers::spiking::DropoutSeed;
use crate::optimiser::average::WeightAverage;
use crate::regularisation::{
    add_homeostasis, boost_silent, boost_silent_neurons, boost_true_classes,
};
use crate::session::current_pass::CurrentPass;
use crate::session::metrics::{add_evaluation, add_spikes};
use crate::session::state::{CpuLayer, CpuSession, LayerWeights};
use crate::simd::dispatch::CpuReal;
use crate::weights::blocked::BlockedWeights;

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

    pub(super) fn run_forward(&mut self, pass: Pass) -> Result<(), EngineError> {
        let input = self.samples("`forward`")?.clone();
        let weights = weights_of(pass.weights, &self.weights, self.average.as_ref());
        let (layers, records) = (&self.layers, &mut self.records);
        self.pool.install(|| {
            for (index, layer) in layers.iter().enumerate() {
                let (before, rest) = records.split_at_mut(index);
                let input = before.last().map_or(&*input, |record| &record.output);
                match (layer, &weights[index]) {
                    (CpuLayer::Spiking(layer), Some(weights)) => {
                        // Layers with equally many inputs must not drop the same ones.
                        let dropout = pass.dropout.map(|seed| DropoutSeed {
                            seed: seed.wrapping_add(index as u64),
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
        self.check_recorded(spikes, input.samples())?;
        self.current = None;
        let (layers, records) = (&self.layers, &mut self.records);
        let weights = &self.weights;
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

    fn check_recorded(&self, spikes: &[SpikeBatch<T>], samples: usize) -> Result<(), EngineError> {
        let layers = self.layers.len();
        let problem = |layer, what, expected, found| EngineError::Recorded {
            layer,
            what,
            expected,
            found,
        };
        if spikes.len() != layers {
            return Err(problem(
                layers,
                "lists of spikes, one for each layer",
                layers,
                spikes.len(),
            ));
        }
        for (layer, (spikes, &neurons)) in spikes.iter().zip(&self.outputs).enumerate() {
            if spikes.population() != neurons {
                return Err(problem(layer, "neurons", neurons, spikes.population()));
            }
            if spikes.samples() != samples {
                return Err(problem(layer, "samples", samples, spikes.samples()));
            }
        }
        Ok(())
    }

    pub(super) fn evaluate(&mut self, loss: &Loss) -> Result<(), EngineError> {
        let mut current = self.pass("`loss`")?;
        let samples = self.samples("`loss`")?.samples();
        let output = &self.records[self.layers.len() - 1].output;
        let (records, labels) = (&self.records, &self.labels);
        if labels.len() != samples {
            return Err(LabelError::Count {
                samples,
                labels: labels.len(),
            }
            .into());
        }
        let metrics = self.metrics.begin();
        // Neither is parallel in itself, but they can run at the same time.
        let (evaluation, ()) = self.pool.install(|| {
            rayon::join(
                || loss.evaluate(output, labels),
                || {
                    for (layer, record) in records.iter().enumerate() {
                        add_spikes(metrics, layer, &record.output);
                    }
                },
            )
        });
        let evaluation = evaluation?;
        add_evaluation(metrics, &evaluation, labels, samples);
        metrics.add_spikes_without_rise(current.spikes_without_rise);
        self.evaluation = evaluation;
        (current.has_errors, current.has_predictions) = (true, true);
        self.current = Some(current);
        Ok(())
    }

    /// Sets predictions, and errors if `has_errors`, that no loss of the engine computed.
    pub(super) fn take_evaluation(
        &mut self,
        evaluation: Evaluation<T>,
        has_errors: bool,
    ) -> Result<(), EngineError> {
        let mut current = self.pass("this call")?;
        let samples = self.samples("this call")?.samples();
        let metrics = self.metrics.begin();
        for (layer, record) in self.records.iter().enumerate() {
            add_spikes(metrics, layer, &record.output);
        }
        add_evaluation(metrics, &evaluation, &self.labels, samples);
        metrics.add_spikes_without_rise(current.spikes_without_rise);
        current.has_predictions = !evaluation.predictions.is_empty() || samples == 0;
        current.has_errors = has_errors;
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

    pub(super) fn run_backward(
        &mut self,
        regularisation: &Regularisation,
        weight: f64,
    ) -> Result<(), EngineError> {
        let current = self.pass("`backward`")?;
        if !current.has_errors {
            return Err(EngineError::Order {
                call: "`backward`",
                needs: "`loss` or `set_time_gradients`",
            });
        }
        let mut d_times = std::mem::take(&mut self.evaluation.d_times);
        if weight != 1.0 {
            let weight = T::of(weight);
            d_times.iter_mut().for_each(|d_time| *d_time *= weight);
        }
        let pool = self.pool.clone();
        let d_input = pool.install(|| self.backpropagate(current, d_times, regularisation, weight));
        self.boost_true_classes(regularisation, weight);
        self.d_input = current.input_gradients.then_some(d_input);
        self.current = Some(CurrentPass {
            has_errors: false,
            ..current
        });
        Ok(())
    }

    /// Runs the backward passes of all layers; returns `dL/dt` of the input events if the forward pass asked for it.
    fn backpropagate(
        &mut self,
        current: CurrentPass,
        mut d_times: Vec<T>,
        regularisation: &Regularisation,
        weight: f64,
    ) -> Vec<T> {
        let max_inverse_slope = regularisation
            .max_inverse_slope
            .map_or(T::infinity(), T::of);
        let weights = weights_of(current.weights, &self.weights, self.average.as_ref());
        let knows_all_samples = self.shard.1 == 1;
        self.boosts.clear();
        for index in (0..self.layers.len()).rev() {
            let (layer, record) = (&self.layers[index], &mut self.records[index]);
            let of_layer = regularisation.layer(index);
            add_homeostasis(of_layer, weight, &record.output, &mut d_times);
            let want_input = current.input_gradients || index > 0;
            let gradient = &mut self.gradient[index];
            let d_input = match (layer, &weights[index], gradient) {
                (CpuLayer::Spiking(layer), Some(weights), Some(gradient)) => {
                    let errors = (d_times.as_slice(), max_inverse_slope);
                    let d_input = layer.backward(weights, record, errors, gradient, want_input);
                    if knows_all_samples {
                        let boost = of_layer.silent_boost * weight;
                        boost_silent(boost, &record.output, gradient);
                    }
                    d_input
                }
                (CpuLayer::SumPool2d(layer), ..) => Some(layer.backward(record, &d_times)),
                _ => unreachable!("neurons have weights"),
            };
            d_times = d_input.unwrap_or_default();
        }
        if !knows_all_samples {
            let layers = 0..self.layers.len();
            self.boosts
                .extend(layers.map(|layer| regularisation.layer(layer).silent_boost));
        }
        d_times
    }

    /// The silent boost of the last layer, in the samples in which the true class's neuron was silent.
    fn boost_true_classes(&mut self, regularisation: &Regularisation, weight: f64) {
        let last = self.layers.len() - 1;
        let boost = regularisation.layer(last).silent_boost;
        let (CpuLayer::Spiking(layer), Some(gradient)) =
            (&self.layers[last], &mut self.gradient[last])
        else {
            return;
        };
        let Some(input) = self.input.as_deref() else {
            return;
        };
        if boost > 0.0 {
            let arriving = last
                .checked_sub(1)
                .map_or(input, |last| &self.records[last].output);
            // Dropped events did not reach the neuron.
            let arriving = self.records[last].received(arriving);
            let silent = &self.evaluation.silent;
            let between = |neuron, input| layer.weight_between(neuron, input);
            boost_true_classes(boost * weight, silent, arriving, between, gradient);
        }
    }

    pub(super) fn run_step(
        &mut self,
        learning_rate: f64,
        max_norm: Option<f64>,
    ) -> Result<(), EngineError> {
        for (layer, boost) in std::mem::take(&mut self.boosts).into_iter().enumerate() {
            if let Some(gradient) = self.gradient[layer].as_mut().filter(|_| boost != 0.0) {
                boost_silent_neurons(boost, self.metrics.batch().spiked(layer), gradient);
            }
        }
        if let Some(max_norm) = max_norm {
            self.clip(max_norm)?;
        }
        let pool = self.pool.clone();
        pool.install(|| {
            let weights = self.weights.iter_mut().flatten();
            let mut weights: Vec<_> = weights.map(BlockedWeights::as_mut_slice).collect();
            let gradients = self.gradient.iter_mut().flatten();
            let mut gradients: Vec<_> = gradients.map(BlockedWeights::as_mut_slice).collect();
            let learning_rate = T::of(learning_rate);
            self.optimiser
                .step(&mut weights, &mut gradients, learning_rate);
            if let Some(average) = &mut self.average {
                let steps = self.optimiser.progress().steps;
                average.update(&self.weights, steps, self.shard);
            }
        });
        Ok(())
    }

    fn clip(&mut self, max_norm: f64) -> Result<(), EngineError> {
        if self.shard.1 > 1 {
            return Err(EngineError::Unsupported {
                backend: "cpu",
                what: "clipping of the gradient with several ranks".to_owned(),
            });
        }
        let norm = self.norm_of_gradient();
        if norm > max_norm {
            let factor = T::of(max_norm / norm);
            let gradients = self.gradient.iter_mut().flatten();
            for value in gradients.flat_map(BlockedWeights::as_mut_slice) {
                *value *= factor;
            }
        }
        Ok(())
    }

    pub(super) fn norm_of_gradient(&self) -> f64 {
        let values = self
            .gradient
            .iter()
            .flatten()
            .flat_map(BlockedWeights::as_slice);
        let squares = values.map(|&value| Real::to_f64(value).powi(2));
        squares.sum::<f64>().sqrt()
    }
}

/// The weights that a pass uses.
fn weights_of<'a, T: CpuReal>(
    weights: PassWeights,
    training: &'a LayerWeights<T>,
    average: Option<&'a WeightAverage<T>>,
) -> &'a LayerWeights<T> {
    match (weights, average) {
        (PassWeights::Average, Some(average)) => &average.weights,
        _ => training,
    }
}
