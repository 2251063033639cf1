//! [`Network`]: the layers of a feed-forward network.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::initialiser::Initialiser;
use crate::layer::Layer;
use crate::layer::error::LayerError;
use crate::layer::spiking::SpikingLayer;
use crate::layer::sum_pool2d::SumPool2d;
use crate::network::error::NetworkError;
use crate::neuron::parameters::LifParameters;
use crate::real::Real;
use crate::shape::{Shape, Window};
use crate::tensor::Tensor;

/// A feed-forward network of spiking layers as data: shapes, constants and parameters.
///
/// ```
/// use noctule_core::{Initialiser, LifParameters, Network};
///
/// let neuron = LifParameters {
///     tau_m: 0.020, tau_s: 0.005, theta: 1.0, reset: 1.0, max_spikes: 20, t_max: 0.06,
/// };
/// let network = Network::<f32>::new(4)?
///     .dense(100, &neuron, Initialiser::normal(60.0, 40.0)?, 1)?
///     .dense(3, &neuron, Initialiser::normal(20.0, 15.0)?, 2)?;
/// assert_eq!((network.inputs(), network.outputs()), (4, 3));
/// assert_eq!(network.weights(0).unwrap().shape(), [100, 4]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Network<T> {
    input: Shape,
    layers: Vec<Layer<T>>,
}

impl<T: Real> Network<T> {
    /// A network without layers, whose input events come from `inputs` neurons.
    ///
    /// # Errors
    /// If `inputs` is 0.
    pub fn new(inputs: usize) -> Result<Self, NetworkError> {
        Self::image(Shape::flat(inputs))
    }

    /// A network without layers, whose input events come from the neurons of an image.
    ///
    /// # Errors
    /// If the image has no neurons.
    pub fn image(shape: Shape) -> Result<Self, NetworkError> {
        if shape.neurons() == 0 {
            let what = "the number of inputs of a network";
            return Err(NetworkError::Empty { what });
        }
        Ok(Self {
            input: shape,
            layers: Vec::new(),
        })
    }

    /// Adds a layer.
    ///
    /// # Errors
    /// If the number of its inputs, or the shape of its input images, is not that of the network's output so far.
    pub fn layer(mut self, layer: impl Into<Layer<T>>) -> Result<Self, NetworkError> {
        let layer = layer.into();
        let found = self.output_shape();
        if let Some(expected) = layer.input_shape()
            && expected != found
        {
            return Err(NetworkError::Images {
                layer: self.layers.len(),
                expected,
                found,
            });
        }
        if layer.inputs() != self.outputs() {
            return Err(NetworkError::Inputs {
                layer: self.layers.len(),
                expected: layer.inputs(),
                found: self.outputs(),
            });
        }
        self.layers.push(layer);
        Ok(self)
    }

    /// Adds a dense layer of `neurons` neurons, and draws its weights with the seed `seed`.
    ///
    /// # Errors
    /// If `neurons` is 0 or a constant is out of range.
    pub fn dense(
        self,
        neurons: usize,
        neuron: &LifParameters,
        initialiser: Initialiser,
        seed: u64,
    ) -> Result<Self, NetworkError> {
        let shape = [neurons, self.outputs()];
        let weights = initialiser.draw(&shape, &mut ChaCha8Rng::seed_from_u64(seed));
        let layer = SpikingLayer::dense(*neuron, weights).map_err(|error| self.at_next(error))?;
        self.layer(layer)
    }

    /// Adds a convolution with `filters` filters over the network's output image so far, and draws its weights with the
    /// seed `seed`.
    ///
    /// # Errors
    /// If the window does not fit the image, `filters` is 0, or a constant is out of range.
    pub fn conv2d(
        self,
        filters: usize,
        window: Window,
        neuron: &LifParameters,
        initialiser: Initialiser,
        seed: u64,
    ) -> Result<Self, NetworkError> {
        let image = self.output_shape();
        // Checked before the weights are drawn, since a wrong window may have any number of them.
        window
            .output(image, filters)
            .map_err(|error| self.at_next(error))?;
        let shape = [filters, window.height, window.width, image.channels];
        let weights = initialiser.draw(&shape, &mut ChaCha8Rng::seed_from_u64(seed));
        let layer = SpikingLayer::conv2d(*neuron, image, window, weights)
            .map_err(|error| self.at_next(error))?;
        self.layer(layer)
    }

    /// Adds sum pooling over the network's output image so far, by windows of `size x size` pixels.
    ///
    /// # Errors
    /// If the windows do not tile the image.
    pub fn sum_pool2d(self, size: usize) -> Result<Self, NetworkError> {
        let layer =
            SumPool2d::new(self.output_shape(), size).map_err(|error| self.at_next(error))?;
        self.layer(layer)
    }

    /// The error of the layer that was to be added.
    fn at_next(&self, source: impl Into<LayerError>) -> NetworkError {
        NetworkError::Layer {
            layer: self.layers.len(),
            source: source.into(),
        }
    }

    /// Number of neurons that the input events come from.
    pub fn inputs(&self) -> usize {
        self.input.neurons()
    }

    /// How the input neurons are laid out.
    pub fn input_shape(&self) -> Shape {
        self.input
    }

    /// Number of neurons of the last layer.
    pub fn outputs(&self) -> usize {
        self.output_shape().neurons()
    }

    /// How the neurons of the last layer are laid out.
    pub fn output_shape(&self) -> Shape {
        self.layers.last().map_or(self.input, Layer::output_shape)
    }

    /// The layers.
    pub fn layers(&self) -> &[Layer<T>] {
        &self.layers
    }

    /// Checks that the layers fit one another and that all parameters are finite, which
    /// [`layers_mut`](Self::layers_mut) may have changed. Engines call it when they open a session.
    ///
    /// # Errors
    /// If there is no layer, a layer does not fit the one before it, or a parameter is not finite.
    pub fn validate(&self) -> Result<(), NetworkError> {
        if self.layers.is_empty() {
            let what = "the number of layers of a network";
            return Err(NetworkError::Empty { what });
        }
        let mut before = Self::image(self.input)?;
        for (index, layer) in self.layers.iter().enumerate() {
            let parameters = layer.spiking().map(SpikingLayer::parameters);
            for (&kind, tensor) in parameters.into_iter().flatten() {
                tensor
                    .check(tensor.shape())
                    .map_err(|source| NetworkError::Layer {
                        layer: index,
                        source: LayerError::Parameter { kind, source },
                    })?;
            }
            before = before.layer(layer.clone())?;
        }
        Ok(())
    }

    /// The layers, mutably, to change their parameters.
    pub fn layers_mut(&mut self) -> &mut [Layer<T>] {
        &mut self.layers
    }

    /// The weights of a layer; `None` for layers without weights.
    pub fn weights(&self, layer: usize) -> Option<&Tensor<T>> {
        Some(self.layers.get(layer)?.spiking()?.weights())
    }

    /// For each layer the number of neurons that spike themselves: none in a pooling layer, which only renames spikes.
    pub fn spiking_neurons(&self) -> Vec<usize> {
        let layers = self.layers.iter();
        layers
            .map(|layer| layer.spiking().map_or(0, |layer| layer.outputs()))
            .collect()
    }

    /// The weights of all layers that have weights, each with the index of its layer.
    pub fn indexed_weights(&self) -> impl Iterator<Item = (usize, &Tensor<T>)> {
        let layers = self.layers.iter().enumerate();
        layers.filter_map(|(index, layer)| Some((index, layer.spiking()?.weights())))
    }
}
