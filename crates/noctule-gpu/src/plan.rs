//! [`Plan`]: a network as the kernels see it.
//!
//! Pooling is index arithmetic in the layer that follows, so a plan has stages only for layers with neurons.

use noctule_core::{
    Connection, EngineError, Layer, LifParameters, Network, Neurons, Shape, SpikingLayer, SumPool2d,
};

use crate::kernels::geometry::Geometry;
use crate::kernels::neuron::{Dynamics, INDIVIDUAL, Method};
use crate::kernels::sort::Pooling;
use crate::refused::unsupported;

/// Numbers of a buffer's alignment: parts of a buffer start at multiples of 256 bytes.
pub(crate) const ALIGN: usize = 64;

/// The largest number of output neurons: a cube holds the results of all classes of a sample.
const MOST_CLASSES: u32 = 2_048;
/// The largest side of an image that a convolution reads: a pixel is two numbers of 16 bits.
const MOST_PIXELS: usize = 32_768;

/// Rounds up to a multiple of [`ALIGN`].
pub(crate) fn aligned(length: usize) -> usize {
    length.next_multiple_of(ALIGN)
}

/// A network as a list of stages.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The layers with neurons.
    pub stages: Vec<Stage>,
    /// The pooling layers between the input and the first layer with neurons; the host applies them.
    pub input_pools: Vec<SumPool2d>,
    /// For each layer, where its spikes come from.
    pub layers: Vec<PlannedLayer>,
    /// Neurons of the input, before pooling.
    pub inputs: usize,
    /// Length of a segment in seconds: a power of two.
    pub segment: f32,
    /// Whether times lose digits in `f32`, so that what rounding takes from them is kept.
    pub keeps_residuals: bool,
    /// The number of all parameters with their padding.
    pub parameters: usize,
    /// The largest number of events of a sample that one launch simulates.
    pub most_events: usize,
}

/// A layer with neurons.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// Its index in the network.
    pub layer: usize,
    pub geometry: Geometry,
    pub dynamics: Dynamics,
    /// The constants of all neurons, or of the first if they differ.
    pub neuron: LifParameters,
    /// The constants of each neuron, if they differ.
    pub individual: Vec<LifParameters>,
    pub dropout: f64,
    /// Where its weights start in the buffer of all parameters.
    pub weights_start: usize,
    /// The shape of its weights in the network.
    pub shape: Vec<usize>,
    /// The pooling between its neurons and the next stage.
    pub pooling: Pooling,
}

impl Stage {
    /// The constants of a pass: with dropout, evaluation raises threshold and reset.
    pub fn neuron_in(&self, drops: bool) -> LifParameters {
        self.changed(self.neuron, drops)
    }

    fn changed(&self, neuron: LifParameters, drops: bool) -> LifParameters {
        if drops || self.dropout == 0.0 {
            neuron
        } else {
            neuron.evaluated_with_dropout(self.dropout)
        }
    }

    /// The constants of neurons that differ, shape `[INDIVIDUAL, neurons]`; empty if they do not.
    pub fn constants_in(&self, drops: bool) -> Vec<f32> {
        let neurons = self.individual.len();
        let mut constants = vec![0.0; INDIVIDUAL as usize * neurons];
        for (index, &neuron) in self.individual.iter().enumerate() {
            let numbers = neuron_numbers(&self.changed(neuron, drops));
            for (field, number) in numbers.into_iter().enumerate() {
                constants[field * neurons + index] = number;
            }
        }
        constants
    }

    /// The parts in which the gradient of a batch is summed: words of 32 samples, and rows of places.
    pub fn split(&self, samples: usize) -> (u32, u32) {
        let words = samples.div_ceil(32) as u32;
        let wanted = self.wanted_parts();
        let word_parts = words.min(wanted);
        let row_parts = (wanted / word_parts).clamp(1, self.geometry.places_high);
        (word_parts, row_parts)
    }

    /// The most parts of a batch of up to `samples` samples. A smaller batch may have more parts than a larger one.
    pub fn most_parts(&self, samples: usize) -> usize {
        let words = samples.div_ceil(32);
        let most = words * self.geometry.places_high as usize;
        most.min(self.wanted_parts() as usize)
    }

    fn wanted_parts(&self) -> u32 {
        /// Units that fill a large device twice.
        const UNITS: u32 = 270_000;
        UNITS.div_ceil(self.geometry.weights()).max(1)
    }

    pub fn neurons(&self) -> usize {
        self.geometry.neurons() as usize
    }

    /// Whether each event may write its shares of the gradient, with room for the records of all spikes of a neuron.
    pub fn has_shares(&self) -> bool {
        /// The largest number of spikes of a neuron.
        const MOST: u32 = 64;
        self.geometry.has_shares() && self.neuron.max_spikes <= MOST
    }

    /// The largest number of spikes of a sample.
    pub fn most_spikes(&self) -> usize {
        self.neurons()
            .saturating_mul(self.neuron.max_spikes as usize)
    }
}

/// Where the spikes of a layer come from.
#[derive(Clone, Debug)]
pub(crate) enum PlannedLayer {
    /// A stage.
    Stage(usize),
    /// Pooling of the spikes of a stage, or of the input.
    Pool {
        /// The stage; `None` for the input.
        stage: Option<usize>,
        /// The pooling layers from the stage on, this one last.
        pools: Vec<SumPool2d>,
    },
}

impl Plan {
    /// The plan of a checked network, on a device that can simulate `most_events` events in a launch.
    ///
    /// # Errors
    /// If a layer has something that the kernels do not support.
    pub fn new(network: &Network<f32>, most_events: usize) -> Result<Self, EngineError> {
        let mut plan = Self {
            stages: Vec::new(),
            input_pools: Vec::new(),
            layers: Vec::new(),
            inputs: network.inputs(),
            segment: 0.0,
            keeps_residuals: false,
            parameters: 0,
            most_events,
        };
        let mut pools: Vec<SumPool2d> = Vec::new();
        for (index, layer) in network.layers().iter().enumerate() {
            match layer {
                Layer::Spiking(layer) => {
                    plan.add_stage(index, layer, &pools)?;
                    pools.clear();
                }
                Layer::SumPool2d(pool) => {
                    pools.push(*pool);
                    let stage = plan.stages.len().checked_sub(1);
                    let pools = pools.clone();
                    plan.layers.push(PlannedLayer::Pool { stage, pools });
                }
                _ => return Err(unsupported(format!("layer {index}: {layer:?}"))),
            }
        }
        if !pools.is_empty() {
            return Err(unsupported("a pooling layer as the last layer"));
        }
        let outputs = plan
            .stages
            .last()
            .map_or(0, |stage| stage.geometry.neurons());
        if outputs > MOST_CLASSES {
            return Err(unsupported(format!(
                "a last layer of {outputs} neurons; the most are {MOST_CLASSES}"
            )));
        }
        plan.choose_segment();
        Ok(plan)
    }

    fn add_stage(
        &mut self,
        index: usize,
        layer: &SpikingLayer<f32>,
        pools: &[SumPool2d],
    ) -> Result<(), EngineError> {
        let problem = |source| EngineError::Layer {
            layer: index,
            source,
        };
        let neurons = layer.neurons().map_err(problem)?;
        let individual: Vec<LifParameters> = match &neurons {
            Neurons::Shared(_) => Vec::new(),
            Neurons::Individual(neurons) => neurons.iter().map(|lif| *lif.parameters()).collect(),
        };
        layer.evaluated_neurons().map_err(problem)?;
        let pool = pools.iter().map(SumPool2d::size).product::<usize>();
        match self.stages.last_mut() {
            Some(before) => {
                before.pooling.size = pool as u32;
            }
            None => self.input_pools = pools.to_vec(),
        }
        let is_first = self.stages.is_empty();
        let geometry = geometry(layer.connection(), pools, if is_first { 1 } else { pool })?;
        let neuron = layer.neuron_parameters(0);
        let dynamics = Dynamics {
            method: method_of(&neurons),
            is_individual: !individual.is_empty(),
            neurons: match individual.is_empty() {
                true => 0,
                false => geometry.neurons(),
            },
        };
        let output = match *layer.connection() {
            Connection::Conv2d { output, .. } => output,
            _ => Shape::flat(layer.outputs()),
        };
        self.stages.push(Stage {
            layer: index,
            geometry,
            dynamics,
            neuron,
            individual,
            dropout: layer.dropout(),
            weights_start: self.parameters,
            shape: layer.weights().shape().to_vec(),
            pooling: Pooling {
                width: output.width as u32,
                channels: output.channels as u32,
                size: 1,
            },
        });
        self.parameters += aligned(geometry.weights() as usize);
        self.layers.push(PlannedLayer::Stage(self.stages.len() - 1));
        Ok(())
    }

    /// The longest power of two that is not above any time constant.
    fn choose_segment(&mut self) {
        let shortest = self
            .stages
            .iter()
            .flat_map(|stage| stage.individual.iter().chain([&stage.neuron]))
            .map(|neuron| neuron.tau_m.min(neuron.tau_s))
            .fold(f64::INFINITY, f64::min);
        self.segment = shortest.log2().floor().exp2() as f32;
        let longest = self
            .stages
            .iter()
            .map(|stage| stage.neuron.t_max)
            .fold(0.0, f64::max);
        self.keeps_residuals = longest > 64.0 * f64::from(self.segment);
    }

    /// Neurons of the input after its pooling.
    pub fn pooled_inputs(&self) -> usize {
        self.stages[0].geometry.senders() as usize
    }

    /// The stage of the output.
    pub fn last(&self) -> &Stage {
        &self.stages[self.stages.len() - 1]
    }

    /// Segment and offset of a time in seconds.
    pub fn split(&self, time: f64) -> (u32, f32) {
        let length = f64::from(self.segment);
        let segment = (time / length).floor().min(f64::from(u32::MAX - 16));
        (segment as u32, (time - segment * length) as f32)
    }

    /// The time of a segment and an offset, in seconds.
    pub fn join(&self, segment: u32, offset: f32) -> f64 {
        f64::from(segment) * f64::from(self.segment) + f64::from(offset)
    }
}

/// The numbers of [`Lif`](crate::kernels::neuron::Lif) up to `fall`.
pub(crate) fn neuron_numbers(neuron: &LifParameters) -> [f32; INDIVIDUAL as usize] {
    let LifParameters {
        tau_m,
        tau_s,
        theta,
        reset,
        ..
    } = *neuron;
    // Where neurons differ, Newton's method needs a difference; this one is below the rounding of `f32`.
    let least = 1e-6 / tau_m;
    let delta = match (tau_m - tau_s) / (tau_m * tau_s) {
        delta if delta.abs() < least => least,
        delta => delta,
    };
    [
        tau_m,
        1.0 / tau_m,
        tau_s,
        1.0 / tau_s,
        delta,
        1.0 / delta,
        1.0 / tau_m.max(tau_s),
        theta,
        reset / theta,
    ]
    .map(|number| number as f32)
}

fn method_of(neurons: &Neurons<f32>) -> Method {
    match neurons {
        Neurons::Shared(lif) if lif.is_quadratic() => Method::Quadratic,
        Neurons::Shared(lif) if lif.has_equal_time_constants() => Method::Equal,
        _ => Method::Newton,
    }
}

fn geometry(
    connection: &Connection,
    pools: &[SumPool2d],
    pool: usize,
) -> Result<Geometry, EngineError> {
    let number = |value: usize| value as u32;
    match *connection {
        Connection::Dense { inputs, outputs } => {
            let image = pools
                .last()
                .map_or(Shape::flat(inputs), SumPool2d::output_shape);
            Ok(Geometry {
                is_dense: true,
                rows: number(inputs),
                filters: number(outputs),
                places_high: 1,
                places_wide: 1,
                window_height: 1,
                window_width: 1,
                stride: 1,
                padding: 0,
                input_height: number(image.height),
                input_width: number(image.width),
                channels: number(image.channels),
                pool: number(pool),
            })
        }
        Connection::Conv2d {
            input,
            window,
            output,
        } => {
            if input.height.max(input.width) > MOST_PIXELS {
                return Err(unsupported(format!(
                    "a convolution over images with a side above {MOST_PIXELS} pixels"
                )));
            }
            Ok(Geometry {
                is_dense: false,
                rows: number(window.height * window.width * input.channels),
                filters: number(output.channels),
                places_high: number(output.height),
                places_wide: number(output.width),
                window_height: number(window.height),
                window_width: number(window.width),
                stride: number(window.stride),
                padding: number(window.padding),
                input_height: number(input.height),
                input_width: number(input.width),
                channels: number(input.channels),
                pool: number(pool),
            })
        }
        _ => Err(unsupported(format!("{connection:?}"))),
    }
}

/// The neuron that a spike has after pooling layers.
pub(crate) fn pooled(neuron: u32, pools: &[SumPool2d]) -> u32 {
    pools
        .iter()
        .fold(neuron, |neuron, pool| pool.pooled(neuron))
}
