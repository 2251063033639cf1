//! [`GpuSession`]: everything that changes while a network runs on a device.

use std::collections::HashMap;
use std::sync::Arc;

use cubecl::prelude::{ComputeClient, Runtime};
use noctule_core::{
    CurrentPass, EngineError, Label, Layer, Network, Optimiser, OptimiserProgress, SessionMetrics,
    SessionOptions, SpikeBatch, checks,
};

use crate::gpu::{Buffer, Gpu};
use crate::kernels::batch::{NO_BATCH, UNITS};
use crate::kernels::geometry::CUBE;
use crate::launch::parameters::SQUARES;
use crate::plan::{ALIGN, Plan, aligned};
use crate::refused::unsupported;
use crate::session::command::Command;
use crate::session::input::{DeviceInput, DeviceSet};
use crate::stage_lists::{Lists, rows_of_bits};

/// What the metrics of a batch will be made of, once the device has computed it.
#[derive(Clone, Debug)]
pub(super) struct PendingBatch {
    pub input: Arc<DeviceInput>,
    /// Where the verdicts of its samples start.
    pub verdicts_start: usize,
    /// Whether it replaces the batch before.
    pub again: bool,
    /// A mean loss and predictions that the caller computed, in place of the device's.
    pub of_caller: Option<(f64, Vec<Option<Label>>)>,
    pub spikes_without_rise: u64,
}

/// A silent boost that waits for a step, since ranks combine who spiked.
#[derive(Clone, Debug)]
pub(super) struct KeptBoost {
    pub stage: usize,
    pub boost: f32,
    /// Shape `[neurons]`.
    pub spiked: Vec<bool>,
}

/// The buffers of the parameters, each with all of them.
#[derive(Debug)]
pub(super) struct Parameters {
    pub weights: Buffer,
    pub gradient: Buffer,
    pub average: Option<Buffer>,
    /// The state of the optimiser.
    pub state: Vec<Buffer>,
}

/// The session of a network on a device.
pub(crate) struct GpuSession<R: Runtime> {
    pub(super) gpu: Gpu<R>,
    pub(super) plan: Plan,
    /// The number of neurons of each layer.
    pub(super) outputs: Vec<usize>,
    /// The shape of each layer's weights; empty for layers without weights.
    pub(super) weight_shapes: Vec<Vec<usize>>,
    pub(super) layers: Vec<Layer<f32>>,
    pub(super) parameters: Parameters,
    /// The constants of neurons that differ, of a layer and for passes with or without dropout.
    pub(super) constants: HashMap<(usize, bool), Buffer>,
    pub(super) rule: Optimiser,
    pub(super) progress: OptimiserProgress,
    pub(super) average_keep: f64,
    /// The rank of this process, and the number of ranks.
    pub(super) shard: (usize, usize),
    pub(super) boosts: Vec<KeptBoost>,
    pub(super) sets: Vec<DeviceSet>,
    pub(super) input: Option<Arc<DeviceInput>>,
    pub(super) current: Option<CurrentPass>,
    /// The number of the current batch.
    pub(super) batch: u32,
    pub(super) lists: Option<Lists>,
    /// Slots of a sample, for each stage.
    pub(super) capacities: Vec<usize>,
    pub(super) run: LastRun,
    pub(super) journal: Vec<Command>,
    /// Bytes of input that the journal keeps alive.
    pub(super) unsettled_bytes: usize,
    pub(super) pending: Vec<PendingBatch>,
    pub(super) verdicts: Buffer,
    pub(super) verdicts_used: usize,
    /// Whether `observe` has run since the last forward pass.
    pub(super) is_observed: bool,
    /// `[first batch that overflowed, largest number of spikes of a sample in each stage]`.
    pub(super) device_state: Buffer,
    pub(super) words_of: Buffer,
    pub(super) has_spiked: Buffer,
    pub(super) scale: Buffer,
    pub(super) squares: Buffer,
    pub(super) metrics: SessionMetrics,
    pub(super) predictions: Vec<Option<Label>>,
    pub(super) has_input_gradients: bool,
    /// The spikes of the last recorded pass.
    pub(super) recorded: Option<Arc<Vec<SpikeBatch<f32>>>>,
}

/// What the kernels of the backward pass need to know of the last forward pass.
#[derive(Clone, Debug, Default)]
pub(super) struct LastRun {
    pub samples: usize,
    /// The number of its batch.
    pub batch: u32,
    pub drops: bool,
    pub is_average: bool,
    pub input_gradients: bool,
    /// Whether the spikes of the last stage are sorted.
    pub is_sorted: bool,
    /// Whether its spikes were recorded elsewhere.
    pub is_recorded: bool,
    pub input: Option<Arc<DeviceInput>>,
}

/// Numbers of the verdict of a sample besides the spikes of each stage.
pub(super) const VERDICT: usize = 2;

impl<R: Runtime> GpuSession<R> {
    pub fn new(
        client: ComputeClient<R>,
        network: &Network<f32>,
        options: &SessionOptions,
        most_events: usize,
    ) -> Result<Self, EngineError> {
        network.validate()?;
        let plan = Plan::new(network, most_events)?;
        let gpu = Gpu::new(client);
        check_size(&gpu, &plan)?;
        let zeros = vec![0.0_f32; plan.parameters];
        let mut weights = zeros.clone();
        for stage in &plan.stages {
            if let Some(tensor) = network.weights(stage.layer) {
                let own = &mut weights[stage.weights_start..];
                to_device_layout(tensor.as_slice(), stage.geometry.filters as usize, own);
            }
        }
        let has_average = options.weight_average > 0.0;
        let state = options.optimiser.state_names().iter();
        let parameters = Parameters {
            average: has_average.then(|| gpu.upload(&weights)),
            gradient: gpu.upload(&zeros),
            state: state.map(|_| gpu.upload(&zeros)).collect(),
            weights: gpu.upload(&weights),
        };
        let shape = |layer| {
            let weights = network.weights(layer);
            weights.map_or(Vec::new(), |weights| weights.shape().to_vec())
        };
        let neurons: usize = plan.stages.iter().map(|stage| stage.neurons()).sum();
        let capacities = plan.stages.iter().map(|stage| {
            let guess = aligned(stage.neurons());
            guess.min(aligned(stage.most_spikes()))
        });
        Ok(Self {
            outputs: network.layers().iter().map(Layer::outputs).collect(),
            weight_shapes: (0..network.layers().len()).map(shape).collect(),
            layers: network.layers().to_vec(),
            rule: options.optimiser.clone(),
            progress: OptimiserProgress::new(&options.optimiser),
            average_keep: options.weight_average,
            shard: (0, 1),
            boosts: Vec::new(),
            sets: Vec::new(),
            input: None,
            current: None,
            batch: 0,
            lists: None,
            capacities: capacities.collect(),
            run: LastRun::default(),
            journal: Vec::new(),
            unsettled_bytes: 0,
            pending: Vec::new(),
            verdicts: gpu.empty(ALIGN)?,
            verdicts_used: 0,
            is_observed: true,
            device_state: initial_state(&gpu, plan.stages.len()),
            words_of: gpu.upload(&rows_of_bits(&plan)),
            has_spiked: gpu.upload(&vec![0_u32; aligned(neurons)]),
            scale: gpu.upload(&[1.0_f32]),
            squares: gpu.empty(SQUARES)?,
            metrics: SessionMetrics::new(network),
            predictions: Vec::new(),
            has_input_gradients: false,
            recorded: None,
            constants: constants(&gpu, &plan),
            parameters,
            plan,
            gpu,
        })
    }

    /// The samples of the coming passes; `call` is named in the error if there are none.
    pub(super) fn samples(&self, call: &'static str) -> Result<&Arc<DeviceInput>, EngineError> {
        self.input.as_ref().ok_or_else(|| checks::no_samples(call))
    }

    /// The last forward pass; `call` is named in the error if there is none.
    pub(super) fn pass(&self, call: &'static str) -> Result<CurrentPass, EngineError> {
        self.current.ok_or_else(|| checks::no_pass(call))
    }

    /// Takes new samples for the coming passes; the last pass ends.
    pub(super) fn begin_samples(&mut self, input: DeviceInput) {
        self.input = Some(Arc::new(input));
        self.current = None;
        self.has_input_gradients = false;
    }

    /// The last pass no longer belongs to the weights.
    pub(super) fn weights_change(&mut self) {
        if let Some(current) = &mut self.current {
            current.is_stale = true;
        }
    }

    /// The lists of the last pass.
    ///
    /// # Panics
    /// If there was no pass with samples.
    pub(super) fn lists(&self) -> &Lists {
        let Some(lists) = &self.lists else {
            unreachable!("a pass with samples has lists")
        };
        lists
    }
}

/// Refuses layers for which a launch would have more cubes than the device allows.
fn check_size<R: Runtime>(gpu: &Gpu<R>, plan: &Plan) -> Result<(), EngineError> {
    let most = gpu.most_cubes() as usize;
    for stage in &plan.stages {
        let weights = stage.geometry.weights() as usize;
        if weights
            .div_ceil(CUBE as usize)
            .max(stage.geometry.cubes() as usize)
            > most
        {
            let what = format!(
                "layer {} with {weights} weights on this device",
                stage.layer
            );
            return Err(unsupported(what));
        }
    }
    if plan.parameters.div_ceil(UNITS as usize) > most {
        return Err(unsupported(format!(
            "{} parameters on this device",
            plan.parameters
        )));
    }
    Ok(())
}

fn constants<R: Runtime>(gpu: &Gpu<R>, plan: &Plan) -> HashMap<(usize, bool), Buffer> {
    let different = plan
        .stages
        .iter()
        .filter(|stage| stage.dynamics.is_individual);
    let uploaded = different.flat_map(|stage| {
        [false, true].map(|drops| ((stage.layer, drops), gpu.upload(&stage.constants_in(drops))))
    });
    uploaded.collect()
}

/// The state before any batch overflowed.
pub(super) fn initial_state<R: Runtime>(gpu: &Gpu<R>, stages: usize) -> Buffer {
    let mut state = vec![0; 1 + stages];
    state[0] = NO_BATCH;
    gpu.upload(&state)
}

/// From `[filters, row]` to `[row, filters]`.
pub(super) fn to_device_layout(rows: &[f32], filters: usize, stored: &mut [f32]) {
    let length = rows.len() / filters;
    for (filter, row) in rows.chunks_exact(length).enumerate() {
        for (at, &value) in row.iter().enumerate() {
            stored[at * filters + filter] = value;
        }
    }
}

/// From `[row, filters]` to `[filters, row]`.
pub(super) fn to_host_layout(stored: &[f32], filters: usize) -> Vec<f32> {
    let length = stored.len() / filters;
    let mut rows = vec![0.0; stored.len()];
    for (at, values) in stored.chunks_exact(filters).enumerate() {
        for (filter, &value) in values.iter().enumerate() {
            rows[filter * length + at] = value;
        }
    }
    rows
}
