//! [`CpuSession`]: everything that changes while a network runs on the CPU.

use std::sync::Arc;

use noctule_core::{
    Batch, CurrentPass, EngineError, Evaluation, Label, Layer, Network, SessionMetrics,
    SessionOptions, SpikeBatch, checks,
};

use crate::layers::record::LayerRecord;
use crate::layers::spiking::CpuSpikingLayer;
use crate::layers::sum_pool2d::CpuSumPool2d;
use crate::optimiser::average::WeightAverage;
use crate::optimiser::step::CpuOptimiser;
use crate::parallel::pool::Pool;
use crate::simd::dispatch::CpuReal;
use crate::weights::blocked::BlockedWeights;
use crate::weights::transformed::TransformedWeights;

/// A layer of any kind.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a network has few layers, so their size does not matter"
)]
pub(super) enum CpuLayer<T> {
    Spiking(CpuSpikingLayer<T>),
    SumPool2d(CpuSumPool2d),
}

/// The weights of each layer, or their gradients; `None` for layers without weights.
pub(super) type LayerWeights<T> = Vec<Option<BlockedWeights<T>>>;

/// The silent boost of a layer in a batch, and which of its neurons spiked on any rank.
#[derive(Clone, Debug)]
pub(super) struct SilentBoost {
    pub layer: usize,
    pub boost: f64,
    /// Shape `[neurons]`.
    pub spiked: Vec<bool>,
}

/// The session of a network on the CPU.
#[derive(Debug)]
pub(crate) struct CpuSession<T: CpuReal> {
    pub(super) pool: Arc<Pool>,
    pub(super) inputs: usize,
    /// The number of neurons of each layer.
    pub(super) outputs: Vec<usize>,
    pub(super) layers: Vec<CpuLayer<T>>,
    /// The shape of each layer's weights; empty for layers without weights.
    pub(super) weight_shapes: Vec<Vec<usize>>,
    pub(super) weights: LayerWeights<T>,
    pub(super) average: Option<WeightAverage<T>>,
    /// The weights of the passes, if there is a substrate.
    pub(super) transformed: Option<TransformedWeights<T>>,
    pub(super) gradient: LayerWeights<T>,
    pub(super) optimiser: CpuOptimiser<T>,
    /// The rank of this process, and the number of ranks.
    pub(super) shard: (usize, usize),
    /// The silent boost of each layer that the next step adds to the gradient, once ranks have combined which neurons
    /// spiked.
    pub(super) boosts: Vec<SilentBoost>,
    pub(super) sets: Vec<Batch<T>>,
    /// The input events of the coming passes; `None` before the first samples.
    pub(super) input: Option<Arc<SpikeBatch<T>>>,
    pub(super) labels: Vec<Label>,
    pub(super) records: Vec<LayerRecord<T>>,
    pub(super) current: Option<CurrentPass>,
    pub(super) evaluation: Evaluation<T>,
    pub(super) d_input: Option<Vec<T>>,
    pub(super) metrics: SessionMetrics,
}

impl<T: CpuReal> CpuSession<T> {
    pub fn new(
        pool: Arc<Pool>,
        network: &Network<T>,
        options: &SessionOptions,
    ) -> Result<Self, EngineError> {
        network.validate()?;
        options.substrate.check(network)?;
        let layers = network.layers().iter().enumerate();
        let layers = layers.map(|(index, layer)| open_layer(index, layer));
        let layers: Vec<CpuLayer<T>> = layers.collect::<Result<_, _>>()?;
        let weights: LayerWeights<T> = (0..layers.len())
            .map(|layer| {
                let weights = network.weights(layer)?;
                Some(BlockedWeights::from_rows(
                    weights.rows(),
                    weights.as_slice(),
                ))
            })
            .collect();
        let shape = |layer| {
            network
                .weights(layer)
                .map_or(Vec::new(), |w| w.shape().to_vec())
        };
        let lengths: Vec<usize> = weights
            .iter()
            .flatten()
            .map(|w| w.as_slice().len())
            .collect();
        let zeros = |w: &BlockedWeights<T>| BlockedWeights::zeros(w.outputs(), w.inputs());
        let keep = options.weight_average;
        Ok(Self {
            pool,
            inputs: network.inputs(),
            outputs: network.layers().iter().map(Layer::outputs).collect(),
            weight_shapes: (0..layers.len()).map(shape).collect(),
            gradient: weights.iter().map(|w| w.as_ref().map(zeros)).collect(),
            average: (keep > 0.0).then(|| WeightAverage::new(keep, &weights)),
            transformed: TransformedWeights::new(&options.substrate, network),
            optimiser: CpuOptimiser::new(&options.optimiser, &lengths),
            records: layers.iter().map(|_| LayerRecord::default()).collect(),
            metrics: SessionMetrics::new(network),
            layers,
            weights,
            shard: (0, 1),
            boosts: Vec::new(),
            sets: Vec::new(),
            input: None,
            labels: Vec::new(),
            current: None,
            evaluation: Evaluation::default(),
            d_input: None,
        })
    }

    /// The input events of the coming passes; `call` is named in the error if there are none.
    pub(super) fn samples(&self, call: &'static str) -> Result<&Arc<SpikeBatch<T>>, EngineError> {
        self.input.as_ref().ok_or_else(|| checks::no_samples(call))
    }

    /// The last forward pass; `call` is named in the error if there is none.
    pub(super) fn pass(&self, call: &'static str) -> Result<CurrentPass, EngineError> {
        self.current.ok_or_else(|| checks::no_pass(call))
    }

    /// The output events of the last layer.
    pub(super) fn output(&self) -> &SpikeBatch<T> {
        &self.records[self.layers.len() - 1].output
    }

    /// The samples in which the neuron of the true class was silent, with that neuron.
    pub(super) fn silent_true_classes(&self) -> Vec<(usize, Label)> {
        let output = self.output();
        let labels = self.labels.iter().copied().enumerate();
        let is_silent = |&(sample, label): &(usize, Label)| {
            let exists = (label as usize) < output.population();
            exists && !output.sample(sample).neurons.contains(&label)
        };
        labels.filter(is_silent).collect()
    }

    /// Discards the last pass, because there are new samples.
    pub(super) fn begin_samples(&mut self) {
        self.current = None;
        self.d_input = None;
    }
}

fn open_layer<T: CpuReal>(index: usize, layer: &Layer<T>) -> Result<CpuLayer<T>, EngineError> {
    match layer {
        Layer::Spiking(layer) => {
            CpuSpikingLayer::new(layer)
                .map(CpuLayer::Spiking)
                .map_err(|source| EngineError::Layer {
                    layer: index,
                    source,
                })
        }
        Layer::SumPool2d(layer) => Ok(CpuLayer::SumPool2d(CpuSumPool2d::new(layer))),
        _ => Err(EngineError::Unsupported {
            backend: "cpu",
            what: format!("layer {index}: {layer:?}"),
        }),
    }
}
