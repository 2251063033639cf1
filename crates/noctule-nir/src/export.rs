//! From a network to a graph.

pub(crate) mod error;
pub(crate) mod limits;
pub(crate) mod neurons;
pub(crate) mod options;

use noctule_core::{Connection, Layer, Network, Real, Shape, SpikingLayer, SumPool2d, Window};

use crate::convention::{Spike, is_step};
use crate::graph::array::{Array, Precision};
use crate::graph::metadata::Value;
use crate::graph::nodes::{Conv2d, Flatten, Padding, Pool2d};
use crate::graph::{Graph, Node, NodeKind};
use crate::keys;
use crate::layout::{nir_shape, places_in_nir};
use error::ExportError;
use options::ExportOptions;

/// The graph of a network, with the constants of its evaluation.
///
/// Each spiking layer `i` becomes `dense_i` or `conv_i` and `neurons_i`; a pooling layer becomes `pool_i`; and `flatten_i` comes
/// before the first dense layer `i` after an image. The weights are those of the network, in the same precision.
///
/// # Errors
/// If the network has no layers, a layer does not fit the one before it, a parameter is not finite, a convolution or pooling
/// follows a dense layer, or the time step is not a positive number.
pub fn to_graph<T: Real>(
    network: &Network<T>,
    options: &ExportOptions,
) -> Result<Graph, ExportError> {
    network.validate()?;
    if let Some(dt) = options.dt.filter(|&dt| !is_step(dt)) {
        return Err(ExportError::TimeStep { dt });
    }
    let is_image = match network.layers().first() {
        Some(layer) if layer.input_shape().is_some() => true,
        _ => !network.input_shape().is_flat(),
    };
    let mut chain = Chain {
        graph: Graph::default(),
        last: String::new(),
        shape: network.input_shape(),
        is_image,
        spike: Spike::of_step(options.dt),
    };
    let shape = chain.nir_shape();
    chain.add("input".to_owned(), NodeKind::Input { shape });
    for (index, layer) in network.layers().iter().enumerate() {
        match layer {
            Layer::Spiking(layer) => chain.add_spiking(index, layer)?,
            Layer::SumPool2d(layer) => chain.add_pool(index, layer)?,
            _ => return Err(ExportError::Unknown { layer: index }),
        }
    }
    let shape = chain.nir_shape();
    chain.add("output".to_owned(), NodeKind::Output { shape });
    let mut graph = chain.graph;
    if let Some(dt) = options.dt {
        graph
            .metadata
            .insert(keys::DT.to_owned(), Value::number(dt));
    }
    if let Some(experiment) = &options.experiment {
        let experiment = Value::Text(experiment.clone());
        graph
            .metadata
            .insert(keys::EXPERIMENT.to_owned(), experiment);
    }
    Ok(graph)
}

/// A graph under construction.
struct Chain {
    graph: Graph,
    /// The node that was added last.
    last: String,
    /// The population that it puts out.
    shape: Shape,
    /// Whether NIR has that as an image; else as a list.
    is_image: bool,
    spike: Spike,
}

impl Chain {
    fn add(&mut self, name: String, node: impl Into<Node>) {
        if !self.last.is_empty() {
            let edge = (self.last.clone(), name.clone());
            self.graph.edges.push(edge);
        }
        self.graph.nodes.insert(name.clone(), node.into());
        self.last = name;
    }

    fn nir_shape(&self) -> Vec<usize> {
        match self.is_image {
            true => nir_shape(self.shape).to_vec(),
            false => vec![self.shape.neurons()],
        }
    }

    fn add_spiking<T: Real>(
        &mut self,
        index: usize,
        layer: &SpikingLayer<T>,
    ) -> Result<(), ExportError> {
        match *layer.connection() {
            Connection::Dense { inputs, outputs } => {
                if self.is_image {
                    self.add_flatten(index);
                }
                let weight = dense_weights(layer, self.shape, inputs);
                self.add(format!("dense_{index}"), NodeKind::Linear { weight });
                self.shape = Shape::flat(outputs);
            }
            Connection::Conv2d {
                input,
                window,
                output,
            } => {
                self.require_image(index)?;
                let conv = conv2d(layer, input, window);
                self.add(format!("conv_{index}"), NodeKind::Conv2d(conv));
                self.shape = output;
            }
            _ => return Err(ExportError::Unknown { layer: index }),
        }
        let node = neurons::node(layer, self.shape, &self.nir_shape(), self.spike);
        self.add(format!("neurons_{index}"), node);
        Ok(())
    }

    /// Numbers from here on are a list. The order of a list is that of NIR's image.
    fn add_flatten(&mut self, index: usize) {
        let flatten = Flatten {
            input: Some(self.nir_shape()),
            start_dim: 0,
            end_dim: -1,
        };
        self.add(format!("flatten_{index}"), NodeKind::Flatten(flatten));
        self.is_image = false;
    }

    fn add_pool(&mut self, index: usize, layer: &SumPool2d) -> Result<(), ExportError> {
        self.require_image(index)?;
        let size = layer.size() as i64;
        let pool = Pool2d {
            kernel_size: vec![size; 2],
            stride: vec![size; 2],
            padding: vec![0; 2],
        };
        self.add(format!("pool_{index}"), NodeKind::SumPool2d(pool));
        self.shape = layer.output_shape();
        Ok(())
    }

    fn require_image(&self, layer: usize) -> Result<(), ExportError> {
        match self.is_image {
            true => Ok(()),
            false => Err(ExportError::ImageAfterDense { layer }),
        }
    }
}

fn precision<T: Real>() -> Precision {
    match size_of::<T>() == size_of::<f32>() {
        true => Precision::Single,
        false => Precision::Double,
    }
}

fn array<T: Real>(shape: &[usize], values: Vec<f64>) -> Array {
    let array = Array::new(shape, values).unwrap_or_else(|| Array::zeros(0));
    array.in_precision(precision::<T>())
}

/// The weights `[outputs, inputs]`, with the inputs in the order of NIR.
fn dense_weights<T: Real>(layer: &SpikingLayer<T>, input: Shape, inputs: usize) -> Array {
    let weights = layer.weights();
    let mut ordered = vec![0.0; weights.len()];
    let rows = weights.as_slice().chunks_exact(inputs);
    for (row, ordered) in rows.zip(ordered.chunks_exact_mut(inputs)) {
        for (weight, place) in row.iter().zip(places_in_nir(input)) {
            ordered[place] = Real::to_f64(*weight);
        }
    }
    array::<T>(weights.shape(), ordered)
}

/// A convolution, with the weights `[filters, channels, rows, columns]`.
fn conv2d<T: Real>(layer: &SpikingLayer<T>, input: Shape, window: Window) -> Conv2d {
    let weights = layer.weights();
    let filters = weights.rows();
    let patch = Shape {
        height: window.height,
        width: window.width,
        channels: input.channels,
    };
    let mut ordered = vec![0.0; weights.len()];
    for (filter, ordered) in ordered.chunks_exact_mut(weights.row_len()).enumerate() {
        for (weight, place) in weights.row(filter).iter().zip(places_in_nir(patch)) {
            ordered[place] = Real::to_f64(*weight);
        }
    }
    let pair = |size: usize| vec![size as i64; 2];
    Conv2d {
        input_shape: Some(vec![input.height as i64, input.width as i64]),
        weight: array::<T>(
            &[filters, input.channels, window.height, window.width],
            ordered,
        ),
        stride: pair(window.stride),
        padding: Padding::Sizes(pair(window.padding)),
        dilation: pair(1),
        groups: 1,
        bias: Array::zeros(filters).in_precision(precision::<T>()),
    }
}
