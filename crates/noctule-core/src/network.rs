//! A network: layers one after another.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::guards::Guards;
use crate::layer::{Initialiser, Layer, Shape, ShapeError, Tape, TimeErrors, Weights, Window};
use crate::{Conv2d, Dense, Lif, Real, SpikeBatch, SumPool2d};

/// A feed-forward network of spiking layers.
///
/// ```
/// use noctule_core::{Initialiser, Lif, LifParameters, Network, SpikeBatch};
///
/// let neuron = Lif::<f32>::new(&LifParameters {
///     tau_m: 0.020, tau_s: 0.005, theta: 1.0, reset: 1.0, max_spikes: 20, t_max: 0.06,
/// })?;
/// let network = Network::new(4)?
///     .dense(100, neuron, Initialiser::normal(60.0, 40.0)?, 1)?
///     .dense(3, neuron, Initialiser::normal(20.0, 15.0)?, 2)?;
///
/// let mut input = SpikeBatch::new(4);
/// input.push_sample([(0.010, 0), (0.018, 2), (0.031, 3), (0.040, 1)])?;
/// let output = network.run(&input)?;
/// println!("{:?}", output.counts(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Network<T> {
    input: Shape,
    layers: Vec<Layer<T>>,
}

/// What a network's forward pass leaves behind: one tape for each layer.
#[derive(Clone, Debug, Default)]
pub struct Activity<T: Real> {
    tapes: Vec<Tape<T>>,
    dropout_seed: Option<u64>,
}

impl<T: Real> Activity<T> {
    /// An empty activity; it can be used again and keeps its memory.
    pub fn new() -> Self {
        Self {
            tapes: Vec::new(),
            dropout_seed: None,
        }
    }

    /// Lets the coming forward passes drop inputs as in training, or, with `None`, see all of them; see
    /// [`Dense::with_dropout`]. Take another seed for every batch.
    pub fn set_dropout(&mut self, seed: Option<u64>) {
        self.dropout_seed = seed;
    }

    /// The output events of each layer, in order.
    pub fn layers(&self) -> impl ExactSizeIterator<Item = &SpikeBatch<T>> {
        self.tapes.iter().map(Tape::output)
    }

    /// The output events of the last layer; `None` before the first forward pass.
    pub fn output(&self) -> Option<&SpikeBatch<T>> {
        self.tapes.last().map(Tape::output)
    }
}

/// The gradient of a loss with respect to the weights: one matrix for each layer that has weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient<T> {
    layers: Vec<Option<Weights<T>>>,
}

impl<T: Real> Gradient<T> {
    /// The gradient of one layer; `None` for layers without weights.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn layer(&self, layer: usize) -> Option<&Weights<T>> {
        self.layers[layer].as_ref()
    }

    /// The matrices, in the order of the layers that have weights.
    pub fn weights_mut(&mut self) -> impl Iterator<Item = &mut Weights<T>> {
        self.layers.iter_mut().flatten()
    }

    /// Sets the gradient to zero.
    pub fn clear(&mut self) {
        for weights in self.weights_mut() {
            weights.as_flat_mut().fill(T::zero());
        }
    }
}

impl<T: Real> Network<T> {
    /// A network without layers that takes events of `inputs` neurons.
    ///
    /// # Errors
    /// If `inputs` is 0.
    pub fn new(inputs: usize) -> Result<Self, ShapeError> {
        Self::image(Shape::flat(inputs))
    }

    /// A network without layers that takes images: events of `shape.neurons()` neurons.
    ///
    /// # Errors
    /// If there are no neurons.
    pub fn image(shape: Shape) -> Result<Self, ShapeError> {
        if shape.neurons() == 0 {
            let what = "the number of inputs of a network";
            return Err(ShapeError::Empty { what });
        }
        Ok(Self {
            input: shape,
            layers: Vec::new(),
        })
    }

    /// Adds a layer.
    ///
    /// # Errors
    /// If the layer takes another number of inputs, or images of another shape, than the network has so far.
    pub fn layer(mut self, layer: impl Into<Layer<T>>) -> Result<Self, ShapeError> {
        let layer = layer.into();
        let found = self.output_shape();
        if let Some(expected) = layer.input_shape()
            && expected != found
        {
            return Err(ShapeError::Images {
                layer: self.layers.len(),
                expected,
                found,
            });
        }
        if layer.inputs() != self.outputs() {
            return Err(ShapeError::Inputs {
                layer: self.layers.len(),
                expected: layer.inputs(),
                found: self.outputs(),
            });
        }
        self.layers.push(layer);
        Ok(self)
    }

    /// Adds a dense layer of `neurons` neurons whose weights are drawn with the given seed.
    ///
    /// # Errors
    /// If `neurons` is 0.
    pub fn dense(
        self,
        neurons: usize,
        neuron: Lif<T>,
        initialiser: Initialiser,
        seed: u64,
    ) -> Result<Self, ShapeError> {
        let mut weights = Weights::zeros(neurons, self.outputs());
        initialiser.fill(&mut weights, &mut ChaCha8Rng::seed_from_u64(seed));
        self.layer(Dense::new(neuron, weights)?)
    }

    /// Adds a convolution with `filters` filters over the image that the network has so far; weights are drawn with the
    /// given seed.
    ///
    /// # Errors
    /// If the window does not fit the image, or `filters` is 0.
    pub fn conv2d(
        self,
        filters: usize,
        window: Window,
        neuron: Lif<T>,
        initialiser: Initialiser,
        seed: u64,
    ) -> Result<Self, ShapeError> {
        let image = self.output_shape();
        let mut weights = Weights::zeros(filters, Conv2d::<T>::weights_per_filter(image, window));
        initialiser.fill(&mut weights, &mut ChaCha8Rng::seed_from_u64(seed));
        let layer = self.layers.len();
        let convolution = Conv2d::new(neuron, image, window, weights)
            .map_err(|source| ShapeError::Window { layer, source })?;
        self.layer(convolution)
    }

    /// Adds sum pooling by windows of `size x size` over the image that the network has so far.
    ///
    /// # Errors
    /// If the windows do not tile the image.
    pub fn sum_pool2d(self, size: usize) -> Result<Self, ShapeError> {
        let layer = self.layers.len();
        let pooling = SumPool2d::new(self.output_shape(), size)
            .map_err(|source| ShapeError::Window { layer, source })?;
        self.layer(pooling)
    }

    /// Number of neurons that send events to the network.
    pub fn inputs(&self) -> usize {
        self.input.neurons()
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

    /// The weights of all layers that have weights, to change them.
    pub fn weights_mut(&mut self) -> impl Iterator<Item = &mut Weights<T>> {
        self.layers.iter_mut().filter_map(Layer::weights_mut)
    }

    /// The weights of all layers that have weights.
    pub fn weights(&self) -> impl Iterator<Item = &Weights<T>> {
        self.layers.iter().filter_map(Layer::weights)
    }

    /// Events times the neurons that each of them reaches, summed over the layers: what a forward pass has to do.
    ///
    /// `input` is what the forward pass was given.
    pub fn deliveries(&self, input: &SpikeBatch<T>, activity: &Activity<T>) -> u64 {
        let arriving = std::iter::once(input).chain(activity.layers());
        let of_layer = |(layer, events): (&Layer<T>, &SpikeBatch<T>)| {
            let fan_outs = events.neurons().iter().map(|&neuron| layer.fan_out(neuron));
            fan_outs.sum::<usize>() as u64
        };
        self.layers.iter().zip(arriving).map(of_layer).sum()
    }

    /// The weights of all layers that have weights, each with the index of its layer.
    pub fn indexed_weights(&self) -> impl Iterator<Item = (usize, &Weights<T>)> {
        let layers = self.layers.iter().enumerate();
        layers.filter_map(|(index, layer)| Some((index, layer.weights()?)))
    }

    /// A gradient of zeros for this network.
    pub fn zero_gradient(&self) -> Gradient<T> {
        let zeros = |weights: &Weights<T>| Weights::zeros(weights.outputs(), weights.inputs());
        Gradient {
            layers: self
                .layers
                .iter()
                .map(|layer| layer.weights().map(zeros))
                .collect(),
        }
    }

    /// Runs the network on a batch and returns the events of its last layer.
    ///
    /// # Errors
    /// If the events come from a population of another size, or the network has no layers.
    pub fn run(&self, input: &SpikeBatch<T>) -> Result<SpikeBatch<T>, ShapeError> {
        let mut activity = Activity::new();
        self.forward(input, &mut activity)?;
        Ok(activity
            .tapes
            .pop()
            .map_or_else(|| input.clone(), |tape| tape.output))
    }

    /// Runs the network on a batch and keeps what the backward pass needs.
    ///
    /// # Errors
    /// If the events come from a population of another size, or the network has no layers.
    pub fn forward<'a>(
        &self,
        input: &SpikeBatch<T>,
        activity: &'a mut Activity<T>,
    ) -> Result<&'a SpikeBatch<T>, ShapeError> {
        activity.tapes.resize_with(self.layers.len(), Tape::new);
        for (index, layer) in self.layers.iter().enumerate() {
            let (before, rest) = activity.tapes.split_at_mut(index);
            let input = before.last().map_or(input, Tape::output);
            // Layers of one size must not drop the same inputs.
            let seed = activity
                .dropout_seed
                .map(|seed| seed.wrapping_add(index as u64));
            rest[0].set_dropout(seed);
            layer
                .forward(input, &mut rest[0])
                .map_err(|error| at_layer(error, index))?;
        }
        let what = "the number of layers of a network";
        activity.output().ok_or(ShapeError::Empty { what })
    }

    /// Adds to `gradient` what makes output neurons spike in samples in which they were silent: `-strength/samples` for
    /// the weight of every event that reached such a neuron.
    ///
    /// `silent` names them as `(sample, neuron)`, as an [`Evaluation`](crate::Evaluation) does, and `input` is what the
    /// forward pass was given. An exact gradient cannot do this, since it acts on spikes there are.
    ///
    /// # Errors
    /// If the activity or the gradient do not belong to this network.
    pub fn boost_silent(
        &self,
        input: &SpikeBatch<T>,
        activity: &Activity<T>,
        silent: &[(usize, usize)],
        strength: f64,
        gradient: &mut Gradient<T>,
    ) -> Result<(), ShapeError> {
        let last = self.layers.len().saturating_sub(1);
        if activity.tapes.len() != self.layers.len() || activity.tapes.is_empty() {
            return Err(ShapeError::Tape);
        }
        let arriving = last
            .checked_sub(1)
            .map_or(input, |before| activity.tapes[before].output());
        // What dropout took away did not reach the neuron.
        let arriving = activity.tapes[last].seen(arriving);
        let (Some(layer), Some(Some(weights))) =
            (self.layers.get(last), gradient.layers.get_mut(last))
        else {
            return Err(ShapeError::Gradient);
        };
        let shape = |weights: &Weights<T>| (weights.outputs(), weights.inputs());
        if layer.weights().map(shape) != Some(shape(weights))
            || arriving.population() != layer.inputs()
        {
            return Err(ShapeError::Gradient);
        }
        let boost = T::of(strength / arriving.samples().max(1) as f64);
        for &(sample, neuron) in silent {
            for &from in arriving.sample(sample).neurons {
                if let Some((output, input)) = layer.weight_between(neuron, from as usize) {
                    let raised = weights.get(output, input) - boost;
                    weights.set(output, input, raised);
                }
            }
        }
        Ok(())
    }

    /// Goes back over a forward pass: adds to `gradient` and, if wanted, returns `dL/dt` of the network's input events. It
    /// can be done again: of the activity, only memory changes.
    ///
    /// `d_times` is `dL/dt` of the last layer's events, as a [`Loss`](crate::Loss) gives it.
    ///
    /// # Errors
    /// If the activity, the errors or the gradient do not belong to this network.
    pub fn backward(
        &self,
        activity: &mut Activity<T>,
        mut d_times: Vec<T>,
        guards: &Guards,
        gradient: &mut Gradient<T>,
        want_input: bool,
    ) -> Result<Option<Vec<T>>, ShapeError> {
        if activity.tapes.len() != self.layers.len() {
            return Err(ShapeError::Tape);
        }
        if gradient.layers.len() != self.layers.len() {
            return Err(ShapeError::Gradient);
        }
        for index in (0..self.layers.len()).rev() {
            let (layer, tape) = (&self.layers[index], &mut activity.tapes[index]);
            let weights = &mut gradient.layers[index];
            if d_times.len() == tape.output.spikes() {
                guards.add_homeostasis(index, &tape.output, &mut d_times);
            }
            let errors = TimeErrors {
                d_times: &d_times,
                max_inverse_slope: guards.max_inverse_slope(),
            };
            let d_input = layer
                .backward(tape, errors, weights.as_mut(), want_input || index > 0)
                .map_err(|error| at_layer(error, index))?;
            if let Some(weights) = weights {
                guards.add_silent_boost(index, &tape.output, weights);
            }
            d_times = d_input.unwrap_or_default();
        }
        Ok(want_input.then_some(d_times))
    }
}

fn at_layer(error: ShapeError, index: usize) -> ShapeError {
    match error {
        ShapeError::Inputs {
            expected, found, ..
        } => ShapeError::Inputs {
            layer: index,
            expected,
            found,
        },
        other => other,
    }
}
