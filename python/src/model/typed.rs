//! [`TypedModel`]: a network on an engine, in one precision.

use std::borrow::Cow;
use std::sync::Arc;

use noctule_core::{
    Batch, Engine, EngineError, Label, Metrics, Network, Optimiser, OptimiserProgress, Pass,
    PassWeights, Prediction, Regularisation, Session, SessionOptions, Sgd, SpikeBatch, Tensor,
    TensorGroup, TensorName, Tensors, are_weights, checks,
};

use crate::errors::{Error, Result};
use crate::number::Number;
use crate::padded::{pad, unpad};

/// A network on an engine, and what the last forward pass needs to be understood.
pub struct TypedModel<T: Number> {
    pub engine: Arc<dyn Engine<T>>,
    /// The layers; their weights are those that were last read from the session.
    network: Network<T>,
    session: Box<dyn Session<T>>,
    optimiser: Optimiser,
    /// What tells this optimiser from others: all that was said of it but its learning rate.
    memory_of: String,
    /// Changes with whatever makes the last forward pass useless for a backward pass: who holds its number can tell whether it
    /// is still there.
    pass: u64,
    /// The places of the spikes of the last padded pass, in its input and in its output.
    places: Option<Places>,
}

/// Where the spikes of a padded pass stand in the flat arrays, and how long these are.
struct Places {
    input: Vec<i64>,
    output: Vec<i64>,
    input_shape: [usize; 3],
    output_shape: [usize; 3],
}

/// What a backward pass gives.
pub struct TypedGradients<T> {
    /// `dL/dw` of each layer; `None` for layers without weights.
    pub weights: Vec<Option<Tensor<T>>>,
    /// `dL/dt` of each input event.
    pub input_times: Vec<T>,
    /// Recorded spikes at which the model's potential does not rise.
    pub spikes_without_rise: u64,
}

/// A padded array: its values and its shape.
pub type Padded<T> = (Vec<T>, [usize; 3]);

impl<T: Number> TypedModel<T> {
    /// Opens a network on an engine.
    pub fn open(engine: Arc<dyn Engine<T>>, network: Network<T>) -> Result<Self> {
        // Needs no memory; the first step may name another one.
        let optimiser = Optimiser::from(Sgd::default());
        let session = engine.open(&network, &options(&optimiser))?;
        Ok(Self {
            engine,
            network,
            session,
            optimiser,
            memory_of: String::new(),
            pass: 0,
            places: None,
        })
    }

    /// Does `work` on the threads of the engine.
    fn on_engine<R: Send>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<R> + Send,
    ) -> Result<R> {
        let engine = Arc::clone(&self.engine);
        let (mut work, mut outcome) = (Some(work), None);
        engine.run(&mut || {
            if let Some(work) = work.take() {
                outcome = Some(work(self));
            }
        });
        outcome.unwrap_or_else(|| Err(Error::state("the engine did not do its work")))
    }

    /// The network with its present weights, unless a step made them NaN or too large.
    pub fn network(&mut self) -> Result<&Network<T>> {
        let weights = self.session.read(TensorGroup::Parameters)?;
        for (name, tensor) in weights {
            if !are_weights(tensor.as_slice()) {
                return Err(Error::network(format!(
                    "layer {} has weights that are NaN or too large: the training diverged; set others first",
                    name.layer
                )));
            }
            let layers = self.network.layers_mut();
            let layer = layers
                .get_mut(name.layer)
                .and_then(|layer| layer.spiking_mut());
            if let Some(values) = layer.and_then(|layer| layer.parameter_mut(name.kind)) {
                values.copy_from_slice(tensor.as_slice());
            }
        }
        Ok(&self.network)
    }

    /// The network, whose weights may be older ones.
    pub fn layers(&self) -> &Network<T> {
        &self.network
    }

    /// The weights of a layer.
    pub fn weights(&mut self, layer: usize) -> Result<Option<Tensor<T>>> {
        self.check_layer(layer)?;
        self.on_engine(|model| {
            let mut weights = model.session.read(TensorGroup::Parameters)?;
            Ok(weights.remove(&TensorName::weights(layer)))
        })
    }

    /// Overwrites the weights of some layers, or of all of them.
    pub fn set_weights(&mut self, weights: &Tensors<T>) -> Result<()> {
        for name in weights.keys() {
            self.check_layer(name.layer)?;
            if self.network.weights(name.layer).is_none() {
                return Err(Error::network(format!(
                    "layer {} is a pooling layer, which has no weights",
                    name.layer
                )));
            }
        }
        self.pass += 1;
        self.on_engine(|model| {
            if weights.len() == model.network.indexed_weights().count() {
                return Ok(model.session.write(TensorGroup::Parameters, weights)?);
            }
            let mut all = model.session.read(TensorGroup::Parameters)?;
            all.extend(weights.iter().map(|(&name, tensor)| (name, tensor.clone())));
            Ok(model.session.write(TensorGroup::Parameters, &all)?)
        })
    }

    fn check_layer(&self, layer: usize) -> Result<()> {
        let layers = self.network.layers().len();
        match layer < layers {
            true => Ok(()),
            false => Err(EngineError::NoSuchLayer { layer, layers }.into()),
        }
    }

    /// Runs the network and returns the number of the pass. Afterwards `spikes` gives the events of each layer.
    pub fn forward(
        &mut self,
        input: SpikeBatch<T>,
        dropout: Option<u64>,
        input_gradients: bool,
    ) -> Result<u64> {
        self.begin_pass();
        self.on_engine(|model| {
            let batch = Batch::events(Arc::new(input), Vec::new());
            model.session.load(&batch)?;
            model.session.forward(Pass {
                weights: PassWeights::Training,
                dropout,
                first_sample: 0,
                input_gradients,
            })?;
            Ok(model.pass)
        })
    }

    /// Uses recorded spikes as the output of each layer.
    pub fn forward_recorded(
        &mut self,
        input: SpikeBatch<T>,
        layers: &[SpikeBatch<T>],
    ) -> Result<u64> {
        self.begin_pass();
        self.on_engine(|model| {
            let batch = Batch::events(Arc::new(input), Vec::new());
            model.session.load(&batch)?;
            model.session.forward_recorded(layers)?;
            Ok(model.pass)
        })
    }

    fn begin_pass(&mut self) {
        self.places = None;
        self.pass += 1;
    }

    /// Checks that a pass is still the last one, and that its weights are those of now.
    pub fn check_pass(&self, pass: u64) -> Result<()> {
        match self.pass == pass {
            true => Ok(()),
            false => Err(Error::state(
                "the last forward pass is another one, or weights have changed since: run forward again",
            )),
        }
    }

    /// The events of a layer in the last forward pass; `None` names the last layer.
    pub fn spikes(&mut self, layer: Option<usize>) -> Result<Cow<'_, SpikeBatch<T>>> {
        let last = self.network.layers().len().saturating_sub(1);
        Ok(self.session.spikes(layer.unwrap_or(last))?)
    }

    /// Runs the backward pass of the last forward pass. Without `accumulate` the gradients of earlier passes are forgotten.
    pub fn backward(
        &mut self,
        d_times: &[T],
        accumulate: bool,
        regularisation: &Regularisation,
        with_input: bool,
    ) -> Result<TypedGradients<T>> {
        self.on_engine(|model| {
            let session = &mut model.session;
            session.set_time_gradients(d_times, 0.0, &[])?;
            if !accumulate {
                session.clear_gradient()?;
            }
            session.backward(regularisation, 1.0)?;
            let mut metrics = Metrics::new(&model.network);
            session.take_metrics(&mut metrics)?;
            let input_times = match with_input {
                true => session.input_time_gradients()?.into_owned(),
                false => Vec::new(),
            };
            let weights = model.gradient()?;
            Ok(TypedGradients {
                weights,
                input_times,
                spikes_without_rise: metrics.spikes_without_rise(),
            })
        })
    }

    /// The gradient of the weights of each layer; `None` for layers without weights.
    pub fn gradient(&mut self) -> Result<Vec<Option<Tensor<T>>>> {
        let mut tensors = self.session.read(TensorGroup::Gradient)?;
        let layers = 0..self.network.layers().len();
        Ok(layers
            .map(|layer| tensors.remove(&TensorName::weights(layer)))
            .collect())
    }

    /// Sets the gradient to zero.
    pub fn clear_gradient(&mut self) -> Result<()> {
        Ok(self.session.clear_gradient()?)
    }

    /// Takes a step of an optimiser. One that `memory_of` tells from the last one begins without what that remembers.
    pub fn step(
        &mut self,
        optimiser: &Optimiser,
        memory_of: &str,
        max_norm: Option<f64>,
    ) -> Result<()> {
        self.use_optimiser(optimiser, memory_of)?;
        let rate = optimiser.learning_rate();
        self.pass += 1;
        self.on_engine(|model| {
            model.session.step(rate, max_norm)?;
            Ok(checks::weights(&mut *model.session)?)
        })
    }

    /// Opens the session anew for an optimiser, unless it is the present one.
    pub fn use_optimiser(&mut self, optimiser: &Optimiser, memory_of: &str) -> Result<()> {
        if self.memory_of == memory_of {
            return Ok(());
        }
        let gradient = self.session.read(TensorGroup::Gradient)?;
        self.network()?;
        self.session = self.engine.open(&self.network, &options(optimiser))?;
        self.session.write(TensorGroup::Gradient, &gradient)?;
        self.optimiser = optimiser.clone();
        self.memory_of = memory_of.to_owned();
        self.begin_pass();
        Ok(())
    }

    /// What the optimiser remembers: its steps, its product of momenta, and its tensors for each layer.
    pub fn optimiser_state(&mut self) -> Result<(OptimiserProgress, Vec<Tensors<T>>)> {
        let groups = 0..self.optimiser.state_names().len();
        let tensors = groups
            .map(|index| self.session.read(TensorGroup::OptimiserState(index)))
            .collect::<std::result::Result<_, _>>()?;
        Ok((self.session.optimiser_progress(), tensors))
    }

    /// Restores what [`optimiser_state`](Self::optimiser_state) gave.
    pub fn set_optimiser_state(
        &mut self,
        progress: &OptimiserProgress,
        tensors: &[Tensors<T>],
    ) -> Result<()> {
        self.session.set_optimiser_progress(progress)?;
        for (index, tensors) in tensors.iter().enumerate() {
            self.session
                .write(TensorGroup::OptimiserState(index), tensors)?;
        }
        Ok(())
    }

    /// The classes that a rule predicts for samples.
    pub fn predict(&mut self, samples: &Batch<T>, rule: Prediction) -> Result<Vec<Option<Label>>> {
        self.begin_pass();
        self.on_engine(|model| {
            let session = &mut model.session;
            session.load(samples)?;
            session.forward(Pass::default())?;
            session.predict(rule)?;
            let predictions = session.predictions()?.into_owned();
            session.take_metrics(&mut Metrics::new(&model.network))?;
            Ok(predictions)
        })
    }

    /// As [`forward`](Self::forward), from padded times to padded times, with `width` spikes of each output neuron.
    pub fn forward_padded(
        &mut self,
        padded: &[T],
        shape: [usize; 3],
        width: usize,
        dropout: Option<u64>,
        input_gradients: bool,
    ) -> Result<(u64, Padded<T>)> {
        let (input, places) = self.on_engine(|_| unpad(padded, shape))?;
        let pass = self.forward(input, dropout, input_gradients)?;
        let spikes = self.spikes(None)?;
        let (output, output_places) = pad(&spikes, Some(width), T::of(f64::INFINITY))?;
        let (samples, neurons, width) = output.dim();
        let output_shape = [samples, neurons, width];
        drop(spikes);
        self.places = Some(Places {
            input: places,
            output: output_places,
            input_shape: shape,
            output_shape,
        });
        Ok((pass, (output.into_raw_vec_and_offset().0, output_shape)))
    }

    /// The backward pass of the last padded pass: gradients of the weights, and of the padded input times if asked for.
    pub fn backward_padded(
        &mut self,
        d_padded: &[T],
        shape: [usize; 3],
        regularisation: &Regularisation,
        with_input: bool,
    ) -> Result<(Vec<Option<Tensor<T>>>, Option<Padded<T>>)> {
        let Some(places) = self.places.take() else {
            return Err(Error::state(
                "backward needs a forward pass on padded times first",
            ));
        };
        if shape != places.output_shape {
            let expected = places.output_shape;
            self.places = Some(places);
            return Err(Error::array(format!(
                "the gradient has the shape {shape:?}, but the output of the forward pass has {expected:?}"
            )));
        }
        let d_times = places.output.iter().map(|&place| d_padded[place as usize]);
        let d_times: Vec<T> = d_times.collect();
        let gradients = self.backward(&d_times, false, regularisation, with_input);
        let input_shape = places.input_shape;
        let d_input = gradients
            .as_ref()
            .ok()
            .filter(|_| with_input)
            .map(|gradients| {
                let mut padded = vec![T::of(0.0); input_shape.iter().product()];
                for (&place, &d_time) in places.input.iter().zip(&gradients.input_times) {
                    padded[place as usize] = d_time;
                }
                (padded, input_shape)
            });
        self.places = Some(places);
        Ok((gradients?.weights, d_input))
    }

    /// Whether the padded pass with this number is still the last one.
    pub fn has_padded_pass(&self, pass: u64) -> bool {
        self.pass == pass && self.places.is_some()
    }
}

fn options(optimiser: &Optimiser) -> SessionOptions {
    SessionOptions {
        optimiser: optimiser.clone(),
        ..SessionOptions::default()
    }
}
