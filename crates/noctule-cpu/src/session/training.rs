//! The passes of a session that change its gradient and its weights: backward, and a step of the optimiser.

use noctule_core::{CurrentPass, EngineError, Real, Regularisation, checks};

use crate::regularisation::{
    add_homeostasis, boost_silent, boost_silent_neurons, boost_true_classes,
};
use crate::session::passes::weights_of;
use crate::session::state::{CpuLayer, CpuSession, SilentBoost};
use crate::simd::dispatch::CpuReal;
use crate::weights::blocked::BlockedWeights;

impl<T: CpuReal> CpuSession<T> {
    pub(super) fn run_backward(
        &mut self,
        regularisation: &Regularisation,
        weight: f64,
    ) -> Result<(), EngineError> {
        let current = self.pass("`backward`")?;
        current.check_backward()?;
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
        let weights = weights_of(
            current.weights,
            &self.weights,
            self.average.as_ref(),
            self.transformed.as_ref(),
        );
        let knows_all_samples = self.shard.1 == 1;
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
            self.keep_boosts(regularisation);
        }
        d_times
    }

    /// Keeps the silent boosts of this batch for the next step: a rank adds them once the gradients are summed.
    fn keep_boosts(&mut self, regularisation: &Regularisation) {
        for layer in 0..self.layers.len() {
            let boost = regularisation.layer(layer).silent_boost;
            let spiked = self.metrics.batch().spiked(layer);
            if boost != 0.0 && spiked.len() == self.outputs[layer] {
                let spiked = spiked.to_vec();
                self.boosts.push(SilentBoost {
                    layer,
                    boost,
                    spiked,
                });
            }
        }
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
        if let Some(max_norm) = max_norm {
            self.check_clipping(max_norm)?;
        }
        for kept in std::mem::take(&mut self.boosts) {
            if let Some(gradient) = &mut self.gradient[kept.layer] {
                boost_silent_neurons(kept.boost, &kept.spiked, gradient);
            }
        }
        if let Some(max_norm) = max_norm {
            self.clip(max_norm);
        }
        self.weights_change();
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

    fn check_clipping(&self, max_norm: f64) -> Result<(), EngineError> {
        checks::max_norm(max_norm)?;
        if self.shard.1 > 1 {
            return Err(EngineError::Unsupported {
                backend: "cpu",
                what: "clipping of the gradient with several ranks".to_owned(),
            });
        }
        Ok(())
    }

    fn clip(&mut self, max_norm: f64) {
        let norm = self.norm_of_gradient();
        if norm > max_norm {
            let factor = T::of(max_norm / norm);
            let gradients = self.gradient.iter_mut().flatten();
            for value in gradients.flat_map(BlockedWeights::as_mut_slice) {
                *value *= factor;
            }
        }
    }

    /// The last pass no longer belongs to the weights.
    pub(super) fn weights_change(&mut self) {
        if let Some(current) = &mut self.current {
            current.is_stale = true;
        }
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
