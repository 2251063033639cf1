//! [`Walk`]: from node to node, from the input to the output.

use noctule_core::{
    Layer, LayerError, LifParameters, Network, NetworkError, ParameterKind, Real, SpikingLayer,
    SumPool2d, Tensor,
};

use super::advice::advice;
use super::connection::{Connection, conv2d, dense, refuse_first};
use super::error::ImportError;
use super::neurons::{Neurons, neurons};
use super::options::ImportOptions;
use super::population::Population;
use super::sizes::{equal, refused};
use crate::convention::Spike;
use crate::graph::array::Array;
use crate::graph::nodes::{CubaLif, Flatten, Pool2d};
use crate::graph::{Node, NodeKind};

const NO_INPUT: NetworkError = NetworkError::Empty {
    what: "the number of inputs",
};

/// The way from the input to the output.
pub(super) struct Walk<'a, T> {
    options: &'a ImportOptions,
    spike: Spike,
    /// The network so far; `None` before the input.
    network: Option<Network<T>>,
    /// What arrives at the next node.
    population: Population,
    /// What numbers were multiplied by since the last neurons: by averaging, or by a `Scale`.
    gain: f64,
    /// Weights whose neurons come next.
    waiting: Option<Connection<'a>>,
    assumed_max_spikes: bool,
    /// For each layer the node of its neurons, or of its pooling.
    layers: Vec<&'a str>,
    /// The last node.
    last: &'a str,
}

impl<'a, T: Real> Walk<'a, T> {
    pub fn new(options: &'a ImportOptions, spike: Spike) -> Self {
        Self {
            options,
            spike,
            network: None,
            population: Population::list(0),
            gain: 1.0,
            waiting: None,
            assumed_max_spikes: false,
            layers: Vec::new(),
            last: "",
        }
    }

    /// Takes the next node.
    pub fn pass(&mut self, name: &'a str, node: &'a Node) -> Result<(), ImportError> {
        let before = self.last;
        self.last = name;
        if let (Some(weights), false) = (
            &self.waiting,
            matches!(
                node.kind,
                NodeKind::CubaLif(_) | NodeKind::Scale { .. } | NodeKind::Other { .. }
            ),
        ) {
            let problem = format!(
                "comes after the weights `{}`, which must lead to CubaLIF neurons",
                weights.node
            );
            return Err(order(name, node, problem));
        }
        match &node.kind {
            NodeKind::Input { shape } => {
                self.population = Population::of_input(name, shape)?;
                let network = Network::image(self.population.shape);
                self.network = Some(network.map_err(|source| misfit(name, source))?);
                Ok(())
            }
            NodeKind::Output { shape } => self.check_output(name, shape),
            NodeKind::Linear { weight } => self.add_dense(name, node, weight, None),
            NodeKind::Affine { weight, bias } => self.add_dense(name, node, weight, Some(bias)),
            NodeKind::Conv2d(conv) => {
                self.require_image(name, node)?;
                self.waiting = Some(conv2d(name, conv, self.population.shape)?);
                Ok(())
            }
            NodeKind::CubaLif(lif) => {
                let Some(weights) = self.waiting.take() else {
                    let problem = format!(
                        "comes after `{before}`, but neurons must come after weights (Linear, Affine or Conv2d)"
                    );
                    return Err(order(name, node, problem));
                };
                self.add_neurons(name, node, lif, weights)
            }
            NodeKind::SumPool2d(pool) => self.add_pool(name, node, pool).map(|_| ()),
            NodeKind::AvgPool2d(pool) => {
                let size = self.add_pool(name, node, pool)?;
                self.gain /= (size * size) as f64;
                Ok(())
            }
            NodeKind::Flatten(flatten) => self.flatten(name, flatten),
            NodeKind::Scale { scale } => self.scale(name, scale),
            kind => Err(ImportError::Kind {
                node: name.to_owned(),
                kind: kind.name().to_owned(),
                advice: advice(kind.name()),
            }),
        }
    }

    /// For each layer so far the node of its neurons, or of its pooling.
    pub fn nodes_of_layers(&self) -> Vec<String> {
        self.layers.iter().map(|&name| name.to_owned()).collect()
    }

    /// Whether some `max_spikes` was assumed.
    pub fn assumed_max_spikes(&self) -> bool {
        self.assumed_max_spikes
    }

    /// The network.
    pub fn finish(self) -> Result<Network<T>, ImportError> {
        let name = self.last;
        let network = self.network.ok_or(NO_INPUT);
        let network = network.map_err(|source| misfit(name, source))?;
        network.validate().map_err(|source| misfit(name, source))?;
        Ok(network)
    }

    fn add_layer(
        &mut self,
        name: &'a str,
        layer: impl Into<Layer<T>>,
        population: Population,
    ) -> Result<(), ImportError> {
        let network = self.network.take().ok_or(NO_INPUT);
        let network = network.and_then(|network| network.layer(layer));
        self.network = Some(network.map_err(|source| misfit(name, source))?);
        self.population = population;
        self.layers.push(name);
        Ok(())
    }

    fn add_dense(
        &mut self,
        name: &'a str,
        node: &Node,
        weight: &Array,
        bias: Option<&Array>,
    ) -> Result<(), ImportError> {
        if self.population.is_image {
            let problem = "is given an image; there must be a Flatten before it".to_owned();
            return Err(order(name, node, problem));
        }
        self.waiting = Some(dense(name, weight, bias, self.population)?);
        Ok(())
    }

    fn add_neurons(
        &mut self,
        name: &'a str,
        node: &Node,
        lif: &CubaLif,
        mut weights: Connection<'_>,
    ) -> Result<(), ImportError> {
        let neurons = neurons(name, node, lif, weights.output, self.options, self.spike)?;
        self.multiply(name, &mut weights, &neurons.factors)?;
        let layer = self.layer(name, &weights, &neurons)?;
        self.add_layer(name, layer, weights.output)?;
        self.assumed_max_spikes |= neurons.assumed_max_spikes;
        self.gain = 1.0;
        Ok(())
    }

    /// Turns weights of NIR into those of Noctule.
    fn multiply(
        &self,
        name: &str,
        weights: &mut Connection<'_>,
        factors: &[f64],
    ) -> Result<(), ImportError> {
        let rows = weights.shape[0];
        let length = weights.weights.len() / rows;
        for (row, values) in weights.weights.chunks_exact_mut(length.max(1)).enumerate() {
            let factor = factors[row];
            // Neuron `row + n * rows` is of the filter `row`, whose neurons share its weights.
            let shares = factors.iter().skip(row).step_by(rows);
            if let Some(other) = shares.into_iter().find(|&&other| other != factor) {
                return Err(ImportError::Setting {
                    node: name.to_owned(),
                    field: "w_in r/(tau_syn tau_mem)",
                    value: format!("{factor:?} and {other:?} in filter {row}"),
                    rule: "the same for all neurons of a filter, which share its weights",
                });
            }
            let factor = factor * self.gain;
            if factor != 1.0 {
                values.iter_mut().for_each(|weight| *weight *= factor);
            }
        }
        let scaled = Array::new(&weights.shape, std::mem::take(&mut weights.weights));
        let scaled = scaled.unwrap_or_else(|| Array::zeros(0));
        let is_finite = |value: f64| T::of(value).is_finite();
        let rule = "finite after it was multiplied by w_in r/(tau_syn tau_mem), in the precision of the network";
        refuse_first(weights.node, "weight", &scaled, is_finite, rule)?;
        weights.weights = scaled.values().to_vec();
        Ok(())
    }

    fn layer(
        &self,
        name: &str,
        weights: &Connection<'_>,
        neurons: &Neurons,
    ) -> Result<SpikingLayer<T>, ImportError> {
        let refused = |source: LayerError| ImportError::Layer {
            node: name.to_owned(),
            source,
        };
        let values = weights
            .weights
            .iter()
            .map(|&weight| T::of(weight))
            .collect();
        let tensor = Tensor::new(&weights.shape, values).map_err(|source| {
            let kind = ParameterKind::Weights;
            refused(LayerError::Parameter { kind, source })
        })?;
        let constants = &neurons.constants;
        let first = constants[0];
        let layer = match weights.window {
            None => SpikingLayer::dense(first, tensor),
            Some(window) => SpikingLayer::conv2d(first, weights.input, window, tensor),
        };
        let mut layer = layer.map_err(refused)?;
        for kind in ParameterKind::CONSTANTS {
            let value = |constants| constant(kind, constants);
            if constants.iter().any(|own| value(own) != value(&first)) {
                let values = constants.iter().map(|constants| T::of(value(constants)));
                let values = values.collect();
                layer = layer.with_constants(kind, values).map_err(refused)?;
            }
        }
        match neurons.dropout {
            0.0 => Ok(layer),
            dropout => layer.with_dropout(dropout).map_err(refused),
        }
    }

    /// Adds pooling and returns the side of its window.
    fn add_pool(
        &mut self,
        name: &'a str,
        node: &Node,
        pool: &Pool2d,
    ) -> Result<usize, ImportError> {
        self.require_image(name, node)?;
        let size = equal(
            name,
            "kernel_size",
            &pool.kernel_size,
            "the same for rows and columns",
        )?;
        let rule = "the kernel_size: Noctule's windows tile the image";
        if equal(name, "stride", &pool.stride, rule)? != size {
            return Err(refused(name, "stride", &pool.stride, rule));
        }
        let rule = "0: Noctule's windows tile the image";
        if equal(name, "padding", &pool.padding, rule)? != 0 {
            return Err(refused(name, "padding", &pool.padding, rule));
        }
        let layer = SumPool2d::new(self.population.shape, size).map_err(|source| {
            let source = source.into();
            ImportError::Layer {
                node: name.to_owned(),
                source,
            }
        })?;
        self.add_layer(name, layer, Population::image(layer.output_shape()))?;
        Ok(size)
    }

    /// A list of all pixels. Files of PyTorch count a dimension for the batch, which does not change the order.
    fn flatten(&mut self, name: &str, flatten: &Flatten) -> Result<(), ImportError> {
        let rule = "0, or 1 where a dimension is counted for the batch: Noctule's layers take all numbers as one list";
        if !(0..=1).contains(&flatten.start_dim) {
            return Err(refused(name, "start_dim", flatten.start_dim, rule));
        }
        let last = if self.population.is_image { 2 } else { 0 };
        if !(flatten.end_dim == -1 || flatten.end_dim == last || flatten.end_dim == last + 1) {
            let rule = "-1, the last: Noctule's layers take all numbers as one list";
            return Err(refused(name, "end_dim", flatten.end_dim, rule));
        }
        if let Some(input) = &flatten.input
            && input.iter().try_fold(1usize, |n, &d| n.checked_mul(d))
                != Some(self.population.shape.neurons())
        {
            return Err(ImportError::Shape {
                node: name.to_owned(),
                field: "input_type",
                found: input.clone(),
                expected: format!("the shape of {} neurons", self.population.shape.neurons()),
            });
        }
        self.population.is_image = false;
        Ok(())
    }

    fn scale(&mut self, name: &str, scale: &Array) -> Result<(), ImportError> {
        let population = match &self.waiting {
            Some(weights) => weights.output,
            None => self.population,
        };
        let shape = population.nir_shape();
        if scale.broadcast(&shape).is_none() {
            return Err(ImportError::Shape {
                node: name.to_owned(),
                field: "scale",
                found: scale.shape().to_vec(),
                expected: format!("{shape:?}"),
            });
        }
        let first = scale.values().first().copied().unwrap_or(f64::NAN);
        let rule = "finite and the same for all numbers, so that it can be a factor of all weights after it";
        refuse_first(
            name,
            "scale",
            scale,
            |value| value == first && value.is_finite(),
            rule,
        )?;
        self.gain *= if first.is_finite() { first } else { 1.0 };
        Ok(())
    }

    fn require_image(&self, name: &str, node: &Node) -> Result<(), ImportError> {
        match self.population.is_image {
            true => Ok(()),
            false => {
                let problem = "is given a list of neurons, not an image [channels, rows, columns]";
                Err(order(name, node, problem.to_owned()))
            }
        }
    }

    fn check_output(&self, name: &str, shape: &[usize]) -> Result<(), ImportError> {
        let neurons = self.population.shape.neurons();
        let found = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        if found != Some(neurons) {
            return Err(ImportError::Shape {
                node: name.to_owned(),
                field: "shape",
                found: shape.to_vec(),
                expected: format!("the shape of {neurons} neurons"),
            });
        }
        if self.gain != 1.0 {
            return Err(ImportError::Setting {
                node: name.to_owned(),
                field: "the factor of the spikes that arrive (Scale, AvgPool2d)",
                value: format!("{:?}", self.gain),
                rule: "1: spikes have no height",
            });
        }
        Ok(())
    }
}

fn constant(kind: ParameterKind, constants: &LifParameters) -> f64 {
    match kind {
        ParameterKind::Reset => constants.reset,
        ParameterKind::TauM => constants.tau_m,
        ParameterKind::TauS => constants.tau_s,
        _ => constants.theta,
    }
}

fn misfit(node: &str, source: NetworkError) -> ImportError {
    ImportError::Network {
        node: node.to_owned(),
        source,
    }
}

fn order(name: &str, node: &Node, problem: String) -> ImportError {
    ImportError::Order {
        node: name.to_owned(),
        kind: node.kind.name().to_owned(),
        problem,
    }
}
