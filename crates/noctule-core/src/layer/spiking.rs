//! [`SpikingLayer`]: a dense layer or a convolution of leaky integrate-and-fire neurons.

use std::collections::BTreeMap;

use crate::layer::error::LayerError;
use crate::layer::parameter::ParameterKind;
use crate::neuron::lif::Lif;
use crate::neuron::parameters::LifParameters;
use crate::real::Real;
use crate::shape::{Shape, Window, WindowError};
use crate::tensor::{Tensor, TensorError};

/// How the neurons of a layer are connected to its inputs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Connection {
    /// Every neuron has a weight from every input.
    Dense {
        /// Number of inputs.
        inputs: usize,
        /// Number of neurons.
        outputs: usize,
    },
    /// Every neuron receives the inputs in one window of an image. The neurons of a filter share its weights.
    Conv2d {
        /// Shape of the images.
        input: Shape,
        /// The window of each neuron.
        window: Window,
        /// Shape of the image that the neurons form, with one channel per filter.
        output: Shape,
    },
}

/// A layer of leaky integrate-and-fire neurons.
#[derive(Clone, Debug, PartialEq)]
pub struct SpikingLayer<T> {
    neuron: LifParameters,
    connection: Connection,
    dropout: f64,
    parameters: BTreeMap<ParameterKind, Tensor<T>>,
}

impl<T: Real> SpikingLayer<T> {
    /// A layer in which every neuron has a weight from every input; `weights` has shape `[outputs, inputs]`.
    ///
    /// # Errors
    /// If a constant is out of range, or the weights do not have two dimensions, are empty, or are not all finite.
    pub fn dense(neuron: LifParameters, weights: Tensor<T>) -> Result<Self, LayerError> {
        let [outputs, inputs] = *weights.shape() else {
            return Err(wrong_dimensions(&weights, 2));
        };
        for (what, count) in [
            ("the number of neurons of a layer", outputs),
            ("the number of inputs of a layer", inputs),
        ] {
            if count == 0 {
                return Err(LayerError::Empty { what });
            }
        }
        Self::new(neuron, Connection::Dense { inputs, outputs }, weights)
    }

    /// A convolution over images of shape `input`; `weights` has shape `[filters, height, width, channels]`, with the
    /// height and the width of the window.
    ///
    /// Neuron `(y * width + x) * filters + f` is filter `f` at row `y` and column `x`.
    ///
    /// # Errors
    /// If a constant is out of range, the window does not fit the images, or the weights do not fit the window.
    pub fn conv2d(
        neuron: LifParameters,
        input: Shape,
        window: Window,
        weights: Tensor<T>,
    ) -> Result<Self, LayerError> {
        let [filters, ..] = *weights.shape() else {
            return Err(wrong_dimensions(&weights, 4));
        };
        let output = window.output(input, filters)?;
        let expected = window.weights_per_filter(input);
        if weights.row_len() != expected {
            return Err(LayerError::Window(WindowError::Weights {
                window_height: window.height,
                window_width: window.width,
                channels: input.channels,
                expected,
                found: weights.row_len(),
            }));
        }
        let connection = Connection::Conv2d {
            input,
            window,
            output,
        };
        Self::new(neuron, connection, weights)
    }

    fn new(
        neuron: LifParameters,
        connection: Connection,
        weights: Tensor<T>,
    ) -> Result<Self, LayerError> {
        Lif::<T>::new(&neuron)?;
        let mut layer = Self {
            neuron,
            connection,
            dropout: 0.0,
            parameters: BTreeMap::new(),
        };
        layer.set_parameter(ParameterKind::Weights, weights)?;
        Ok(layer)
    }

    /// Drops the fraction `share` of the inputs in training. Evaluation uses all inputs, with threshold and reset
    /// multiplied by `1/(1 - share)`.
    ///
    /// # Errors
    /// If `share` is NaN, below 0, or not below 1, or this is a convolution.
    pub fn with_dropout(mut self, share: f64) -> Result<Self, LayerError> {
        if !(0.0..1.0).contains(&share) {
            return Err(LayerError::Dropout { share });
        }
        if share > 0.0 && matches!(self.connection, Connection::Conv2d { .. }) {
            return Err(LayerError::DropoutOfConv2d);
        }
        Lif::<T>::new(&self.neuron.evaluated_with_dropout(share))
            .map_err(|source| LayerError::DropoutNeuron { share, source })?;
        self.dropout = share;
        Ok(self)
    }

    /// Gives each neuron its own value of a constant, one of [`ParameterKind::CONSTANTS`]; `values` has shape
    /// `[neurons]`.
    ///
    /// # Errors
    /// If there is not one value per neuron, or a value is out of range.
    pub fn with_constants(
        mut self,
        kind: ParameterKind,
        values: Vec<T>,
    ) -> Result<Self, LayerError> {
        let length = values.len();
        let tensor = Tensor::new(&[length], values)
            .map_err(|source| LayerError::Parameter { kind, source })?;
        self.set_parameter(kind, tensor)?;
        Ok(self)
    }

    /// Overwrites or adds a parameter.
    ///
    /// # Errors
    /// If its shape is not [`shape_of`](Self::shape_of) the kind, or a value is out of range. Nothing is changed then.
    pub fn set_parameter(
        &mut self,
        kind: ParameterKind,
        tensor: Tensor<T>,
    ) -> Result<(), LayerError> {
        let shape = self.shape_of(kind);
        let checked = match kind {
            ParameterKind::Weights => tensor.check_weights(&shape),
            _ => tensor.check(&shape),
        };
        checked.map_err(|source| LayerError::Parameter { kind, source })?;
        let before = self.parameters.insert(kind, tensor);
        let checked = match kind {
            ParameterKind::Weights => Ok(()),
            _ => self.neurons().map(|_| ()),
        };
        if checked.is_err() {
            match before {
                Some(before) => self.parameters.insert(kind, before),
                None => self.parameters.remove(&kind),
            };
        }
        checked
    }

    /// The shape of a parameter of this layer.
    pub fn shape_of(&self, kind: ParameterKind) -> Vec<usize> {
        match (kind, self.connection) {
            (ParameterKind::Weights, Connection::Dense { inputs, outputs }) => {
                vec![outputs, inputs]
            }
            (
                ParameterKind::Weights,
                Connection::Conv2d {
                    input,
                    window,
                    output,
                },
            ) => {
                vec![output.channels, window.height, window.width, input.channels]
            }
            _ => vec![self.outputs()],
        }
    }

    /// The constants of all neurons, except for those that are parameters.
    pub fn neuron(&self) -> &LifParameters {
        &self.neuron
    }

    /// The checked neurons: a shared one if all constants are equal, or else one per neuron.
    ///
    /// # Errors
    /// If a constant is out of range.
    pub fn neurons(&self) -> Result<Neurons<T>, LayerError> {
        self.neurons_from(|parameters| parameters)
    }

    /// The checked neurons in evaluation, where a layer with dropout has a higher threshold and reset.
    ///
    /// # Errors
    /// If a constant is out of range.
    pub fn evaluated_neurons(&self) -> Result<Neurons<T>, LayerError> {
        let share = self.dropout;
        self.neurons_from(|parameters| match share {
            0.0 => parameters,
            _ => parameters.evaluated_with_dropout(share),
        })
    }

    fn neurons_from(
        &self,
        change: impl Fn(LifParameters) -> LifParameters,
    ) -> Result<Neurons<T>, LayerError> {
        if self.has_equal_neurons() {
            let first = change(self.neuron_parameters(0));
            return Ok(Neurons::Shared(Lif::new(&first)?));
        }
        let neurons = (0..self.outputs()).map(|neuron| {
            Lif::new(&change(self.neuron_parameters(neuron)))
                .map_err(|source| LayerError::OneNeuron { neuron, source })
        });
        Ok(Neurons::Individual(neurons.collect::<Result<_, _>>()?))
    }

    /// The constants of one neuron.
    pub fn neuron_parameters(&self, neuron: usize) -> LifParameters {
        let mut parameters = self.neuron;
        for (kind, value) in [
            (ParameterKind::Theta, &mut parameters.theta),
            (ParameterKind::Reset, &mut parameters.reset),
            (ParameterKind::TauM, &mut parameters.tau_m),
            (ParameterKind::TauS, &mut parameters.tau_s),
        ] {
            if let Some(tensor) = self.parameters.get(&kind) {
                *value = tensor.as_slice()[neuron].to_f64();
            }
        }
        parameters
    }

    fn has_equal_neurons(&self) -> bool {
        let constants = ParameterKind::CONSTANTS
            .iter()
            .filter_map(|kind| self.parameters.get(kind));
        constants.into_iter().all(|tensor| {
            let values = tensor.as_slice();
            values.iter().all(|value| value == &values[0])
        })
    }

    /// How the neurons are connected to the inputs.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The fraction of the inputs that are dropped in training.
    pub fn dropout(&self) -> f64 {
        self.dropout
    }

    /// The synaptic weights.
    pub fn weights(&self) -> &Tensor<T> {
        &self.parameters[&ParameterKind::Weights]
    }

    /// All parameters by kind.
    pub fn parameters(&self) -> &BTreeMap<ParameterKind, Tensor<T>> {
        &self.parameters
    }

    /// The values of a parameter, mutably; `None` if the layer does not have it.
    pub fn parameter_mut(&mut self, kind: ParameterKind) -> Option<&mut [T]> {
        self.parameters.get_mut(&kind).map(Tensor::as_mut_slice)
    }

    /// Number of neurons.
    pub fn outputs(&self) -> usize {
        match self.connection {
            Connection::Dense { outputs, .. } => outputs,
            Connection::Conv2d { output, .. } => output.neurons(),
        }
    }
}

fn wrong_dimensions<T: Real>(weights: &Tensor<T>, dimensions: usize) -> LayerError {
    LayerError::Parameter {
        kind: ParameterKind::Weights,
        source: TensorError::Shape {
            expected: vec![0; dimensions],
            found: weights.shape().to_vec(),
        },
    }
}

/// The neurons of a layer.
#[derive(Clone, Debug, PartialEq)]
pub enum Neurons<T> {
    /// All are equal.
    Shared(Lif<T>),
    /// They may differ; one entry per neuron.
    Individual(Vec<Lif<T>>),
}
