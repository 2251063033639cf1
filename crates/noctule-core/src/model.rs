//! [`Model`]: forward and backward passes for a short program.

use std::borrow::Cow;
use std::sync::Arc;

use crate::batch::Batch;
use crate::engine::checks;
use crate::engine::error::EngineError;
use crate::engine::session::{Pass, Session};
use crate::engine::tensors::{TensorGroup, TensorName, Tensors, squared_norm};
use crate::engine::{Engine, SessionOptions};
use crate::layer::parameter::ParameterKind;
use crate::network::feed_forward::Network;
use crate::optimiser::Optimiser;
use crate::real::Real;
use crate::regularisation::Regularisation;
use crate::spikes::SpikeBatch;
use crate::tensor::Tensor;

/// A network on an engine, with a forward pass, a backward pass and a step of an optimiser.
///
/// The [`session`](Self::session) below it offers everything else: metrics, stored sets, several ranks.
pub struct Model<T: Real> {
    network: Network<T>,
    session: Box<dyn Session<T>>,
    learning_rate: f64,
}

/// The result of a backward pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients<T> {
    /// `dL/dw` of all layers, in the shapes of the weights.
    pub tensors: Tensors<T>,
    /// `dL/dt` of each input event, aligned with the input of the forward pass.
    pub input_times: Vec<T>,
}

impl<T: Real> Gradients<T> {
    /// The gradient of a layer's weights; `None` for layers without weights.
    pub fn weights(&self, layer: usize) -> Option<&Tensor<T>> {
        self.tensors.get(&TensorName::weights(layer))
    }

    /// The Euclidean norm of the gradient of all weights.
    pub fn norm(&self) -> f64 {
        squared_norm(&self.tensors).sqrt()
    }
}

impl<T: Real> Model<T> {
    /// Opens a network on an engine; [`step`](Self::step) uses the learning rate of `optimiser`.
    ///
    /// # Errors
    /// If the engine cannot run the network.
    pub fn new(
        engine: &dyn Engine<T>,
        network: &Network<T>,
        optimiser: impl Into<Optimiser>,
    ) -> Result<Self, EngineError> {
        let optimiser = optimiser.into();
        let learning_rate = optimiser.learning_rate();
        let options = SessionOptions {
            optimiser,
            ..SessionOptions::default()
        };
        Ok(Self {
            network: network.clone(),
            session: engine.open(network, &options)?,
            learning_rate,
        })
    }

    /// Runs the network on a batch, without dropout, and returns the events of its last layer.
    ///
    /// # Errors
    /// If the events come from a population of another size.
    pub fn forward(&mut self, input: &SpikeBatch<T>) -> Result<SpikeBatch<T>, EngineError> {
        self.forward_with(input, Pass::default())
    }

    /// As [`forward`](Self::forward), with dropout as in training; use a different seed for every batch.
    ///
    /// # Errors
    /// If the events come from a population of another size.
    pub fn forward_training(
        &mut self,
        input: &SpikeBatch<T>,
        dropout_seed: u64,
    ) -> Result<SpikeBatch<T>, EngineError> {
        let dropout = Some(dropout_seed);
        self.forward_with(
            input,
            Pass {
                dropout,
                ..Pass::default()
            },
        )
    }

    fn forward_with(
        &mut self,
        input: &SpikeBatch<T>,
        pass: Pass,
    ) -> Result<SpikeBatch<T>, EngineError> {
        self.session
            .load(&Batch::events(Arc::new(input.clone()), Vec::new()))?;
        self.session.forward(Pass {
            input_gradients: true,
            ..pass
        })?;
        self.output()
    }

    /// Uses recorded spikes as the output of each layer; see [`Session::forward_recorded`].
    ///
    /// # Errors
    /// If the recorded spikes do not fit the network.
    pub fn forward_recorded(
        &mut self,
        input: &SpikeBatch<T>,
        layers: &[SpikeBatch<T>],
    ) -> Result<(), EngineError> {
        self.session
            .load(&Batch::events(Arc::new(input.clone()), Vec::new()))?;
        self.session.forward_recorded(layers)
    }

    /// The events of the last layer.
    fn output(&mut self) -> Result<SpikeBatch<T>, EngineError> {
        let last = self.network.layers().len().saturating_sub(1);
        self.session.spikes(last).map(Cow::into_owned)
    }

    /// The events of a layer in the last forward pass.
    ///
    /// # Errors
    /// If there was no forward pass, or there is no such layer.
    pub fn spikes(&mut self, layer: usize) -> Result<Cow<'_, SpikeBatch<T>>, EngineError> {
        self.session.spikes(layer)
    }

    /// Runs the backward pass of the last forward pass; `d_times` is `dL/dt` of each output event. The gradients of
    /// several batches add up until the next [`step`](Self::step).
    ///
    /// # Errors
    /// If there was no forward pass, or `d_times` is not aligned with its output.
    pub fn backward(&mut self, d_times: &[T]) -> Result<Gradients<T>, EngineError> {
        self.session.set_time_gradients(d_times, 0.0, &[])?;
        self.session.backward(&Regularisation::default(), 1.0)?;
        Ok(Gradients {
            tensors: self.session.read(TensorGroup::Gradient)?,
            input_times: self.session.input_time_gradients()?.into_owned(),
        })
    }

    /// Takes a step of the optimiser and sets the gradient to zero.
    ///
    /// # Errors
    /// [`EngineError::Diverged`] if a weight became NaN or too large, which it then is; or if the device fails.
    pub fn step(&mut self) -> Result<(), EngineError> {
        self.step_within(None)
    }

    /// As [`step`](Self::step), but first scales a gradient with a larger Euclidean norm down to `max_norm`.
    ///
    /// # Errors
    /// As `step`.
    pub fn step_clipped(&mut self, max_norm: f64) -> Result<(), EngineError> {
        self.step_within(Some(max_norm))
    }

    fn step_within(&mut self, max_norm: Option<f64>) -> Result<(), EngineError> {
        self.session.step(self.learning_rate, max_norm)?;
        checks::weights(&mut *self.session)
    }

    /// Sets the gradient to zero.
    ///
    /// # Errors
    /// If the device fails.
    pub fn clear_gradient(&mut self) -> Result<(), EngineError> {
        self.session.clear_gradient()
    }

    /// Sets the learning rate of further steps, for a schedule.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }

    /// The network with its current parameters.
    ///
    /// # Errors
    /// If the device fails.
    pub fn network(&mut self) -> Result<&Network<T>, EngineError> {
        let parameters = self.session.read(TensorGroup::Parameters)?;
        for (name, tensor) in parameters {
            let layer = self.network.layers_mut().get_mut(name.layer);
            if let Some(values) = layer
                .and_then(|layer| layer.spiking_mut())
                .and_then(|layer| layer.parameter_mut(name.kind))
            {
                values.copy_from_slice(tensor.as_slice());
            }
        }
        Ok(&self.network)
    }

    /// Overwrites the weights of a layer.
    ///
    /// # Errors
    /// If the layer has no weights, or the new ones have the wrong shape or are not finite.
    pub fn set_weights(&mut self, layer: usize, weights: Tensor<T>) -> Result<(), EngineError> {
        let mut parameters = self.session.read(TensorGroup::Parameters)?;
        parameters.insert(
            TensorName {
                layer,
                kind: ParameterKind::Weights,
            },
            weights,
        );
        self.session.write(TensorGroup::Parameters, &parameters)
    }

    /// The session below.
    pub fn session(&mut self) -> &mut dyn Session<T> {
        &mut *self.session
    }
}
