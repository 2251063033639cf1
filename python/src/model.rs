//! [`Model`]: a network on an engine, for Python.

mod arguments;
mod arrays;
mod shared;
pub mod typed;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use noctule_core::{Network, OptimiserProgress, Shape};
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::describe::describe;
use crate::engines::EngineChoice;
use crate::errors::{Error, Result};
use crate::layers::{LayerSpec, network};
use crate::losses::{classes, prediction};
use crate::number::Number;
use crate::optimisers::OptimiserSpec;
use crate::samples::{SampleSpec, batch};
use crate::spikes::{SpikeArrays, to_arrays, values};
pub use arguments::{Dtype, RegularisationSpec};
use arrays::{arrays, new_array, padded_values, tensor_to_array, tensors};
use typed::TypedModel;

/// A network on an engine. Calls from several threads take turns.
#[pyclass(frozen, module = "noctule._noctule")]
pub struct Model {
    model: AnyModel,
    /// The process that opened it: a process that was forked from it does not have its threads.
    process: u32,
}

enum AnyModel {
    Single(Mutex<TypedModel<f32>>),
    Double(Mutex<TypedModel<f64>>),
}

/// Calls a generic function with the model in its precision.
macro_rules! each {
    ($self:expr, $model:ident => $call:expr) => {
        match &$self.model {
            AnyModel::Single($model) => $call,
            AnyModel::Double($model) => $call,
        }
    };
}

/// The only one who uses it, as long as the guard lives.
fn lock<T: Number>(model: &Mutex<TypedModel<T>>) -> MutexGuard<'_, TypedModel<T>> {
    model.lock().unwrap_or_else(PoisonError::into_inner)
}

#[pymethods]
impl Model {
    /// Draws a network of these layers and opens it on an engine.
    #[new]
    #[pyo3(signature = (input, layers, *, seed, dtype, backend, device, threads))]
    #[expect(clippy::too_many_arguments, reason = "Python names them")]
    fn new(
        py: Python<'_>,
        input: (usize, usize, usize),
        layers: Vec<LayerSpec>,
        seed: u64,
        dtype: Dtype,
        backend: &str,
        device: Option<usize>,
        threads: usize,
    ) -> Result<Self> {
        let (height, width, channels) = input;
        let shape = Shape {
            height,
            width,
            channels,
        };
        let choice = EngineChoice::new(backend, device, threads)?;
        py.detach(|| match dtype {
            Dtype::Float32 => Self::single(choice, network(shape, &layers, seed)?),
            Dtype::Float64 => Self::double(choice, network(shape, &layers, seed)?),
        })
    }

    /// Opens a network that `save` wrote, or another one that Noctule saved.
    #[staticmethod]
    fn load(
        py: Python<'_>,
        path: PathBuf,
        dtype: Dtype,
        backend: &str,
        device: Option<usize>,
        threads: usize,
    ) -> Result<Self> {
        let choice = EngineChoice::new(backend, device, threads)?;
        py.detach(|| match dtype {
            Dtype::Float32 => Self::single(choice, Network::load(path)?),
            Dtype::Float64 => Self::double(choice, Network::load(path)?),
        })
    }

    /// Writes layers and weights to a safetensors file.
    fn save(&self, py: Python<'_>, path: PathBuf) -> Result<()> {
        self.check_process()?;
        py.detach(|| each!(self, model => Ok(lock(model).network()?.save(path)?)))
    }

    /// Shape of the input, and a dictionary for each layer.
    fn describe<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<((usize, usize, usize), Vec<Bound<'py, PyDict>>)> {
        // Python asks once, when nobody else has the model yet.
        each!(self, model => describe(py, lock(model).layers()))
    }

    /// Height, width and channels of each layer's output.
    fn output_shapes(&self) -> Vec<(usize, usize, usize)> {
        each!(self, model => lock(model).layers().layers().iter().map(|layer| {
            let shape = layer.output_shape();
            (shape.height, shape.width, shape.channels)
        }).collect())
    }

    /// Back end, device, threads.
    fn engine(&self) -> (String, String, usize) {
        each!(self, model => {
            let info = lock(model).engine.info();
            (info.backend.to_owned(), info.device, info.threads)
        })
    }

    /// The weights of a layer; `None` if it has none.
    fn weights<'py>(&self, py: Python<'py>, layer: usize) -> Result<Option<Bound<'py, PyAny>>> {
        self.check_process()?;
        each!(self, model => {
            let weights = py.detach(|| lock(model).weights(layer))?;
            weights.map(|weights| tensor_to_array(py, weights)).transpose()
        })
    }

    /// Overwrites the weights of some layers, named by their indices.
    fn set_weights(&self, py: Python<'_>, weights: Vec<(usize, Bound<'_, PyAny>)>) -> Result<()> {
        self.check_process()?;
        each!(self, model => {
            let weights = tensors(&weights)?;
            py.detach(|| lock(model).set_weights(&weights))
        })
    }

    /// Runs the network; returns the number of the pass and the events of the last layer.
    #[pyo3(signature = (input, dropout_seed, input_gradients))]
    fn forward<'py>(
        &self,
        py: Python<'py>,
        input: SpikeArrays<'py>,
        dropout_seed: Option<u64>,
        input_gradients: bool,
    ) -> Result<(u64, Bound<'py, PyTuple>)> {
        self.check_process()?;
        each!(self, model => {
            let input = input.to_batch()?;
            let (pass, output) = py.detach(|| {
                let mut model = lock(model);
                let pass = model.forward(input, dropout_seed, input_gradients)?;
                // In the same turn: another thread may run the network next.
                Ok::<_, Error>((pass, model.spikes(None)?.into_owned()))
            })?;
            Ok((pass, to_arrays(py, output).into_pyobject(py)?))
        })
    }

    /// Uses recorded spikes as the output of each layer; returns the number of the pass.
    fn forward_recorded(
        &self,
        py: Python<'_>,
        input: SpikeArrays<'_>,
        layers: Vec<SpikeArrays<'_>>,
    ) -> Result<u64> {
        self.check_process()?;
        each!(self, model => {
            let input = input.to_batch()?;
            let layers = layers.iter().map(SpikeArrays::to_batch);
            let layers = layers.collect::<Result<Vec<_>>>()?;
            py.detach(|| lock(model).forward_recorded(input, &layers))
        })
    }

    /// The events of a layer in the forward pass with this number, which must be the last one.
    fn spikes<'py>(&self, py: Python<'py>, pass: u64, layer: usize) -> Result<Bound<'py, PyTuple>> {
        self.check_process()?;
        each!(self, model => {
            let spikes = py.detach(|| {
                let mut model = lock(model);
                model.check_pass(pass)?;
                Ok::<_, Error>(model.spikes(Some(layer))?.into_owned())
            })?;
            Ok(to_arrays(py, spikes).into_pyobject(py)?)
        })
    }

    /// Runs the backward pass of the forward pass with this number, which must be the last one: gradients of each layer's
    /// weights, `dL/dt` of the input, recorded spikes without rise.
    fn backward<'py>(
        &self,
        py: Python<'py>,
        pass: u64,
        d_times: &Bound<'py, PyAny>,
        accumulate: bool,
        regularisation: RegularisationSpec,
    ) -> Result<(Vec<Option<Bound<'py, PyAny>>>, Bound<'py, PyAny>, u64)> {
        self.check_process()?;
        let regularisation = regularisation.regularisation();
        each!(self, model => {
            let d_times = values(d_times, "d_times")?;
            let gradients = py.detach(|| {
                let mut model = lock(model);
                model.check_pass(pass)?;
                model.backward(&d_times, accumulate, &regularisation, true)
            })?;
            let weights = arrays(py, gradients.weights)?;
            let input_times = gradients.input_times.into_pyarray(py).into_any();
            Ok((weights, input_times, gradients.spikes_without_rise))
        })
    }

    /// The gradient of each layer's weights since the last step.
    fn gradient<'py>(&self, py: Python<'py>) -> Result<Vec<Option<Bound<'py, PyAny>>>> {
        self.check_process()?;
        each!(self, model => arrays(py, py.detach(|| lock(model).gradient())?))
    }

    /// Sets the gradient to zero.
    fn clear_gradient(&self, py: Python<'_>) -> Result<()> {
        self.check_process()?;
        py.detach(|| each!(self, model => lock(model).clear_gradient()))
    }

    /// The learning rate of an optimiser; one that was left out follows from the weights.
    fn learning_rate(&self, py: Python<'_>, optimiser: OptimiserSpec) -> Result<f64> {
        self.check_process()?;
        py.detach(|| {
            each!(self, model => {
                Ok(optimiser.rule_for(lock(model).network()?)?.learning_rate())
            })
        })
    }

    /// An error if a step made weights NaN or too large.
    fn check_weights(&self, py: Python<'_>) -> Result<()> {
        self.check_process()?;
        py.detach(|| each!(self, model => lock(model).network().map(|_| ())))
    }

    /// Takes a step of an optimiser, which has a learning rate.
    fn step(&self, py: Python<'_>, optimiser: OptimiserSpec, max_norm: Option<f64>) -> Result<()> {
        self.check_process()?;
        let (rule, memory_of) = (optimiser.rule(1e-3)?, optimiser.memory_of());
        py.detach(|| each!(self, model => lock(model).step(&rule, &memory_of, max_norm)))
    }

    /// What the optimiser remembers: steps, product of momenta, and its tensors `[state][layer]`.
    fn optimiser_state<'py>(
        &self,
        py: Python<'py>,
    ) -> Result<(String, u64, f64, Vec<Vec<(usize, Bound<'py, PyAny>)>>)> {
        self.check_process()?;
        each!(self, model => {
            let (progress, states) = py.detach(|| lock(model).optimiser_state())?;
            let states = states.into_iter().map(|tensors| {
                let tensors = tensors.into_iter();
                tensors.map(|(name, tensor)| Ok((name.layer, tensor_to_array(py, tensor)?))).collect()
            });
            let states = states.collect::<Result<Vec<_>>>()?;
            Ok((progress.kind, progress.steps, progress.momentum_product, states))
        })
    }

    /// Restores what `optimiser_state` gave, for the same optimiser.
    fn set_optimiser_state(
        &self,
        py: Python<'_>,
        optimiser: OptimiserSpec,
        state: (String, u64, f64, Vec<Vec<(usize, Bound<'_, PyAny>)>>),
    ) -> Result<()> {
        self.check_process()?;
        let (rule, memory_of) = (optimiser.rule(1e-3)?, optimiser.memory_of());
        let (kind, steps, momentum_product, states) = state;
        let progress = OptimiserProgress {
            kind,
            steps,
            momentum_product,
        };
        each!(self, model => {
            let states = states.iter().map(|state| tensors(state));
            let states = states.collect::<Result<Vec<_>>>()?;
            py.detach(|| {
                let mut model = lock(model);
                model.use_optimiser(&rule, &memory_of)?;
                model.set_optimiser_state(&progress, &states)
            })
        })
    }

    /// The class that a rule predicts for each sample; -1 where no output neuron spiked.
    fn predict<'py>(
        &self,
        py: Python<'py>,
        samples: SampleSpec<'py>,
        rule: &str,
    ) -> Result<Bound<'py, PyArray1<i64>>> {
        self.check_process()?;
        let rule = prediction(rule)?;
        each!(self, model => {
            let samples = batch(&samples, &[])?;
            let predictions = py.detach(|| lock(model).predict(&samples, rule))?;
            Ok(classes(&predictions).into_pyarray(py))
        })
    }

    /// As `forward`, with these weights, from padded times to padded times.
    fn forward_padded<'py>(
        &self,
        py: Python<'py>,
        weights: Vec<(usize, Bound<'py, PyAny>)>,
        padded: &Bound<'py, PyAny>,
        width: usize,
        dropout_seed: Option<u64>,
        input_gradients: bool,
    ) -> Result<(u64, Bound<'py, PyAny>)> {
        self.check_process()?;
        each!(self, model => {
            let weights = tensors(&weights)?;
            let (times, shape) = padded_values(padded, model)?;
            let (pass, (values, shape)) = py.detach(|| {
                let mut model = lock(model);
                model.set_weights(&weights)?;
                model.forward_padded(&times, shape, width, dropout_seed, input_gradients)
            })?;
            Ok((pass, new_array(py, values, &shape)?))
        })
    }

    /// The backward pass of the padded pass with this number and these arguments. If it is no longer the last one, it is run
    /// again first.
    #[expect(clippy::too_many_arguments, reason = "Python names them")]
    fn backward_padded<'py>(
        &self,
        py: Python<'py>,
        pass: u64,
        weights: Vec<(usize, Bound<'py, PyAny>)>,
        padded: &Bound<'py, PyAny>,
        width: usize,
        dropout_seed: Option<u64>,
        d_padded: &Bound<'py, PyAny>,
        regularisation: RegularisationSpec,
        with_input: bool,
    ) -> Result<(Vec<Option<Bound<'py, PyAny>>>, Option<Bound<'py, PyAny>>)> {
        self.check_process()?;
        let regularisation = regularisation.regularisation();
        each!(self, model => {
            let (d_times, d_shape) = padded_values(d_padded, model)?;
            let mut again = None;
            let (gradients, input) = loop {
                let outcome = py.detach(|| {
                    let mut model = lock(model);
                    match &again {
                        None if !model.has_padded_pass(pass) => return Ok(None),
                        None => {}
                        Some((weights, (times, shape))) => {
                            let times: &Vec<_> = times;
                            model.set_weights(weights)?;
                            model.forward_padded(times, *shape, width, dropout_seed, with_input)?;
                        }
                    }
                    model.backward_padded(&d_times, d_shape, &regularisation, with_input).map(Some)
                })?;
                match outcome {
                    Some(gradients) => break gradients,
                    // Another pass came between, or other weights.
                    None => again = Some((tensors(&weights)?, padded_values(padded, model)?)),
                }
            };
            let input = input.map(|(values, shape)| new_array(py, values, &shape));
            Ok((arrays(py, gradients)?, input.transpose()?))
        })
    }
}
