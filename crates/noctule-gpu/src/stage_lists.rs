//! [`Lists`]: the lists of a batch on the device. They are allocated once and kept until a batch needs larger ones.

use cubecl::prelude::Runtime;
use noctule_core::EngineError;

use crate::gpu::{Buffer, Gpu};
use crate::kernels::membrane::STATE;
use crate::kernels::sort::{FAN, TILE};
use crate::plan::{Plan, Stage, aligned};

/// The input events of a stage, and what its backward pass needs of them.
#[derive(Clone, Debug)]
pub(crate) struct InputLists {
    pub events: Buffer,
    pub starts: Buffer,
    pub counts: Buffer,
    /// The largest number of events of a sample.
    pub capacity: usize,
    pub coefficients: Buffer,
    pub links: Buffer,
    pub lasts: Buffer,
    /// A bit for each sample, in words of 32; shape `[senders, words]`.
    pub arrived: Buffer,
}

/// The spikes of a stage and their adjoints; `kernels::lists` and `kernels::adjoint` explain them.
#[derive(Clone, Debug)]
pub(crate) struct StageLists {
    /// Slots of a sample.
    pub capacity: usize,
    pub records: Buffer,
    pub origins: Buffer,
    pub links: Buffer,
    pub firsts: Buffer,
    pub lasts: Buffer,
    pub tallies: Buffer,
    /// Spikes of each sample.
    pub totals: Buffer,
    /// A bit for each sample, in words of 32; shape `[neurons, words]`.
    pub spiked: Buffer,
    /// Where each sample starts in `sorted`.
    pub starts: Buffer,
    /// The states of the neurons between the launches of a long sample.
    pub states: Buffer,
    /// `[segment, offset (bits), pooled neuron, slot]`, sorted by time.
    pub sorted: Buffer,
    /// Runs on their way to `sorted`.
    pub unsorted: Buffer,
    /// What the next stage's backward pass needs of the spikes.
    pub coefficients: Buffer,
    /// `dL/dt` in each slot.
    pub errors: Buffer,
    pub heads: Buffer,
    pub adjoints: Buffer,
    pub nexts: Buffer,
    /// What each input event adds to the gradient of its weights, in a stage with shares.
    pub shares: Buffer,
    /// The gradient of each weight in each part of the batch.
    pub parts: Buffer,
    /// Spikes of each neuron in the batch.
    pub counts: Buffer,
    /// Whether each filter was silent in the batch.
    pub silent: Buffer,
}

impl StageLists {
    /// Passes of [`FAN`] runs after the tiles are sorted.
    pub fn merge_passes(&self) -> usize {
        let (mut run, mut passes) = (TILE as usize, 0);
        while run < self.capacity {
            run *= FAN as usize;
            passes += 1;
        }
        passes
    }

    /// The spikes as the input of the next stage.
    pub fn as_input(&self) -> InputLists {
        InputLists {
            events: self.sorted.clone(),
            starts: self.starts.clone(),
            counts: self.totals.clone(),
            capacity: self.capacity,
            coefficients: self.coefficients.clone(),
            links: self.links.clone(),
            lasts: self.lasts.clone(),
            arrived: self.spiked.clone(),
        }
    }
}

/// What the backward pass needs of the input events, for the first stage.
#[derive(Clone, Debug)]
pub(crate) struct FirstLists {
    /// The largest number of events of a sample for which there is room.
    pub capacity: usize,
    pub coefficients: Buffer,
    pub links: Buffer,
    pub lasts: Buffer,
    pub arrived: Buffer,
    /// `dL/dt` of each event.
    pub errors: Buffer,
}

/// The lists of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Lists {
    /// The largest number of samples for which there is room.
    pub samples: usize,
    pub first: FirstLists,
    pub stages: Vec<StageLists>,
    /// All counters of a batch: it is cleared at its start.
    pub counters: Buffer,
    /// The part of the counters with the totals; shape `[stages, totals_stride]`.
    pub totals: Buffer,
    pub totals_stride: usize,
    /// The part of the counters with bit sets.
    pub spiked: Buffer,
    pub capacities: Buffer,
}

impl Lists {
    /// Room for batches of `samples` samples with at most `input_capacity` events, and `capacities[stage]` spikes each.
    ///
    /// # Errors
    /// If a list is larger than the device allows.
    pub fn allocate<R: Runtime>(
        gpu: &Gpu<R>,
        plan: &Plan,
        samples: usize,
        input_capacity: usize,
        capacities: &[usize],
    ) -> Result<Self, EngineError> {
        check_room(gpu, plan, samples, input_capacity, capacities)?;
        let words = samples.div_ceil(32);
        let totals_stride = aligned(samples);
        let inputs = plan.pooled_inputs();
        let totals_length = totals_stride * plan.stages.len();
        let padded = aligned(inputs) + padded_neurons(plan);
        let counters = gpu.empty(totals_length + padded * words)?;
        let totals = counters.part(0, totals_length);
        let spiked = counters.part(totals_length, padded * words);
        let mut bits_start = aligned(inputs) * words;
        let mut stages = Vec::with_capacity(plan.stages.len());
        for (index, (stage, &capacity)) in plan.stages.iter().zip(capacities).enumerate() {
            let neurons = stage.neurons();
            let totals = totals.part(index * totals_stride, totals_stride);
            let bits = spiked.part(bits_start, aligned(neurons) * words);
            bits_start += aligned(neurons) * words;
            let mut lists = stage_lists(gpu, stage, samples, capacity, totals, bits)?;
            let before = index.checked_sub(1).map(|before| capacities[before]);
            let events = before.unwrap_or(input_capacity);
            if stage.has_shares() {
                let outputs = stage.geometry.filters as usize;
                lists.shares = gpu.empty(samples * events * outputs)?;
            }
            if events >= plan.most_events {
                let cells = samples * stage.neurons();
                lists.states = gpu.empty(4 * STATE as usize * cells)?;
            }
            stages.push(lists);
        }
        let events = samples * input_capacity;
        let capacities: Vec<u32> = capacities.iter().map(|&capacity| capacity as u32).collect();
        Ok(Self {
            samples,
            first: FirstLists {
                capacity: input_capacity,
                coefficients: gpu.empty(4 * events)?,
                links: gpu.empty(events)?,
                lasts: gpu.empty(samples * inputs)?,
                arrived: spiked.part(0, aligned(inputs) * words),
                errors: gpu.empty(events)?,
            },
            stages,
            counters,
            totals,
            totals_stride,
            spiked,
            capacities: gpu.upload(&capacities),
        })
    }
}

/// Refuses lists that are larger than the device allows, and says how many samples would fit.
fn check_room<R: Runtime>(
    gpu: &Gpu<R>,
    plan: &Plan,
    samples: usize,
    input_capacity: usize,
    capacities: &[usize],
) -> Result<(), EngineError> {
    // The largest list has 16 bytes for each slot, neuron or event of a sample, or for each spike of a neuron.
    let of_stage = |(stage, &capacity): (&Stage, &usize)| {
        let records = match stage.has_shares() {
            true => stage.neuron.max_spikes as usize,
            false => 1,
        };
        capacity.max(stage.neurons() * records)
    };
    let most = plan.stages.iter().zip(capacities).map(of_stage).max();
    let of_sample = 16 * most.unwrap_or(0).max(input_capacity) as u64;
    let largest = gpu.largest_list();
    // Entries are numbered with 32 bits.
    let largest = largest.min(16 * u64::from(u32::MAX));
    let mut events = input_capacity;
    let mut entries = plan.pooled_inputs();
    for (stage, &capacity) in plan.stages.iter().zip(capacities) {
        if stage.has_shares() {
            entries = entries.max(events * stage.geometry.filters as usize);
        }
        events = capacity;
    }
    let of_sample = of_sample.max(16 * entries as u64);
    let asked_bytes = of_sample * samples as u64;
    if asked_bytes <= largest {
        return Ok(());
    }
    Err(EngineError::OutOfMemory {
        asked_bytes,
        advice: format!(
            "the largest list of the device has {largest} bytes, so a batch of {} samples would fit",
            largest / of_sample
        ),
    })
}

impl Lists {
    /// Replaces the counters by a list of the same layout.
    pub fn set_counters(&mut self, plan: &Plan, counters: Buffer) {
        let words = self.samples.div_ceil(32);
        let totals_length = self.totals_stride * plan.stages.len();
        self.totals = counters.part(0, totals_length);
        self.spiked = counters.part(totals_length, counters.len() - totals_length);
        self.first.arrived = self.spiked.part(0, aligned(plan.pooled_inputs()) * words);
        let mut start = aligned(plan.pooled_inputs()) * words;
        for (index, (lists, stage)) in self.stages.iter_mut().zip(&plan.stages).enumerate() {
            let length = aligned(stage.neurons()) * words;
            lists.totals = self
                .totals
                .part(index * self.totals_stride, self.totals_stride);
            lists.spiked = self.spiked.part(start, length);
            start += length;
        }
        self.counters = counters;
    }
}

/// The neurons of all stages, each stage with its padding.
fn padded_neurons(plan: &Plan) -> usize {
    let neurons = plan.stages.iter().map(|stage| aligned(stage.neurons()));
    neurons.sum()
}

/// For each neuron of all stages in order, the row of its bit sets.
pub(crate) fn rows_of_bits(plan: &Plan) -> Vec<u32> {
    let mut start = aligned(plan.pooled_inputs());
    let mut rows = Vec::new();
    for stage in &plan.stages {
        rows.extend((0..stage.neurons()).map(|neuron| (start + neuron) as u32));
        start += aligned(stage.neurons());
    }
    rows
}

fn stage_lists<R: Runtime>(
    gpu: &Gpu<R>,
    stage: &Stage,
    samples: usize,
    capacity: usize,
    totals: Buffer,
    spiked: Buffer,
) -> Result<StageLists, EngineError> {
    let slots = samples * capacity;
    let cells = samples * stage.neurons();
    let starts: Vec<u32> = (0..samples)
        .map(|sample| (sample * capacity) as u32)
        .collect();
    let parts = stage.most_parts(samples) * stage.geometry.weights() as usize;
    let of_ordinals = match stage.has_shares() {
        true => cells * stage.neuron.max_spikes as usize,
        false => 0,
    };
    let is_one_tile = capacity <= TILE as usize;
    Ok(StageLists {
        capacity,
        records: gpu.empty(4 * slots)?,
        origins: gpu.empty(4 * slots)?,
        links: gpu.empty(slots)?,
        firsts: gpu.empty(cells)?,
        lasts: gpu.empty(cells)?,
        tallies: gpu.empty(cells)?,
        totals,
        spiked,
        starts: gpu.upload(&starts),
        sorted: gpu.empty(4 * slots)?,
        unsorted: if is_one_tile {
            gpu.nothing.clone()
        } else {
            gpu.empty(4 * slots)?
        },
        coefficients: gpu.empty(4 * slots)?,
        errors: gpu.empty(slots)?,
        heads: gpu.empty(4 * cells)?,
        adjoints: gpu.empty(4 * slots.max(of_ordinals))?,
        nexts: gpu.empty(slots)?,
        shares: gpu.nothing.clone(),
        states: gpu.nothing.clone(),
        parts: gpu.empty(parts)?,
        counts: gpu.empty(stage.neurons())?,
        silent: gpu.empty(stage.geometry.filters as usize)?,
    })
}
