//! A pass with spikes that were recorded elsewhere: the host fills in the lists, the device the slopes.

use std::sync::Arc;

use cubecl::prelude::Runtime;
use noctule_core::{CurrentPass, EngineError, Layer, PassWeights, SpikeBatch, checks};

use crate::launch::forward;
use crate::plan::aligned;
use crate::session::state::{GpuSession, LastRun};
use crate::stage_lists::StageLists;

/// The lists of one stage, as the host fills them in.
struct RecordedLists {
    records: Vec<[f32; 4]>,
    origins: Vec<[u32; 4]>,
    links: Vec<u32>,
    nexts: Vec<u32>,
    firsts: Vec<u32>,
    lasts: Vec<u32>,
    tallies: Vec<u32>,
}

impl<R: Runtime> GpuSession<R> {
    pub(super) fn run_recorded(&mut self, spikes: &[SpikeBatch<f32>]) -> Result<(), EngineError> {
        let input = self.samples("`forward_recorded`")?.clone();
        checks::recorded(&self.outputs, spikes, input.samples)?;
        let from = self.pooled_from(spikes)?;
        self.settle()?;
        self.batch += 1;
        self.has_input_gradients = false;
        self.recorded = Some(Arc::new(spikes.to_vec()));
        if input.samples > 0 {
            for (capacity, stage) in self.capacities.iter_mut().zip(&self.plan.stages) {
                let most = (0..input.samples).map(|sample| spikes[stage.layer].range(sample).len());
                *capacity = (*capacity).max(aligned(most.max().unwrap_or(0)));
            }
            self.make_room(&input)?;
        }
        self.run = LastRun {
            samples: input.samples,
            batch: self.batch,
            drops: true,
            is_average: false,
            input_gradients: true,
            is_sorted: true,
            is_recorded: true,
            input: Some(input.clone()),
        };
        let mut current = CurrentPass::new(PassWeights::Training, true);
        if input.samples > 0 {
            self.upload_recorded(spikes, &from);
            current.spikes_without_rise = self.find_slopes()?;
        }
        self.current = Some(current);
        Ok(())
    }

    /// For each stage, the index of the stage's spike for each event that the next stage receives: the spikes of pooling
    /// layers must be those of the layers before, in any order of spikes at the same time.
    fn pooled_from(&self, spikes: &[SpikeBatch<f32>]) -> Result<Vec<Vec<usize>>, EngineError> {
        let mut from: Vec<Vec<usize>> = Vec::new();
        let input = self.samples("`forward_recorded`")?.to_host();
        for (index, layer) in self.layers.iter().enumerate() {
            match layer {
                Layer::SumPool2d(pool) => {
                    let before = index.checked_sub(1).map_or(&*input, |index| &spikes[index]);
                    let own = checks::recorded_pooling(index, pool, before, &spikes[index])?;
                    if let Some(last) = from.last_mut() {
                        *last = own.into_iter().map(|event| last[event]).collect();
                    }
                }
                _ => from.push((0..spikes[index].spikes()).collect()),
            }
        }
        Ok(from)
    }

    fn upload_recorded(&mut self, spikes: &[SpikeBatch<f32>], from: &[Vec<usize>]) {
        let Some(mut lists) = self.lists.take() else {
            unreachable!("room was made")
        };
        let words = lists.samples.div_ceil(32);
        let mut counters = vec![0_u32; lists.counters.len()];
        let mut bits_start = lists.totals_stride * self.plan.stages.len()
            + aligned(self.plan.pooled_inputs()) * words;
        for (index, stage) in self.plan.stages.iter().enumerate() {
            let own = &spikes[stage.layer];
            let filled = self.fill_in(index, spikes, lists.samples, lists.stages[index].capacity);
            for sample in 0..own.samples() {
                counters[index * lists.totals_stride + sample] = own.range(sample).len() as u32;
                for &neuron in own.sample(sample).neurons {
                    let word = bits_start + neuron as usize * words + sample / 32;
                    counters[word] |= 1 << (sample % 32);
                }
            }
            bits_start += aligned(stage.neurons()) * words;
            let after = self.layer_before_stage(index + 1).unwrap_or(stage.layer);
            let sorted = self.sorted_of(&spikes[after], own, &from[index], &lists.stages[index]);
            let stage_lists = &mut lists.stages[index];
            stage_lists.records = self.gpu.upload(filled.records.as_flattened());
            stage_lists.origins = self.gpu.upload(filled.origins.as_flattened());
            stage_lists.links = self.gpu.upload(&filled.links);
            stage_lists.nexts = self.gpu.upload(&filled.nexts);
            stage_lists.firsts = self.gpu.upload(&filled.firsts);
            stage_lists.lasts = self.gpu.upload(&filled.lasts);
            stage_lists.tallies = self.gpu.upload(&filled.tallies);
            stage_lists.sorted = self.gpu.upload(&sorted);
        }
        let counters = self.gpu.upload(&counters);
        lists.set_counters(&self.plan, counters);
        // The lists keep their lengths, so that later passes may use them.
        self.lists = Some(lists);
    }

    /// The layer whose spikes a stage receives; `None` for the first layer, and beyond the last stage.
    fn layer_before_stage(&self, stage: usize) -> Option<usize> {
        self.plan.stages.get(stage)?.layer.checked_sub(1)
    }

    /// The lists of a stage, with a slot for each recorded spike in its order.
    fn fill_in(
        &self,
        stage: usize,
        spikes: &[SpikeBatch<f32>],
        samples: usize,
        capacity: usize,
    ) -> RecordedLists {
        let planned = &self.plan.stages[stage];
        let own = &spikes[planned.layer];
        let (slots, cells) = (samples * capacity, samples * planned.neurons());
        let mut lists = RecordedLists {
            records: vec![[0.0; 4]; slots],
            origins: vec![[0; 4]; slots],
            links: vec![0; slots],
            nexts: vec![0; slots],
            firsts: vec![0; cells],
            lasts: vec![0; cells],
            tallies: vec![0; cells],
        };
        let input = self.run.input.as_ref().map(|input| input.to_host());
        let before = self.layer_before_stage(stage).map(|layer| &spikes[layer]);
        for sample in 0..own.samples() {
            // The events before the spike act on it; those at its very time do not.
            let arriving = before.or(input.as_deref());
            let events = arriving.map_or(0..0, |events| events.range(sample));
            let mut acting = events.start;
            for (position, spike) in own.range(sample).enumerate() {
                let time = own.precise_time(spike);
                while acting < events.end
                    && arriving.is_some_and(|events| events.precise_time(acting) < time)
                {
                    acting += 1;
                }
                let neuron = own.neurons()[spike];
                let slot = sample * capacity + position;
                let cell = sample * planned.neurons() + neuron as usize;
                let (segment, offset) = self.plan.split(time);
                lists.records[slot] = [offset, 0.0, 0.0, f32::from_bits(segment)];
                let acting = (acting - events.start) as u32;
                lists.origins[slot] = [acting, neuron, lists.tallies[cell], 0];
                let number = slot as u32 + 1;
                match lists.lasts[cell] {
                    0 => lists.firsts[cell] = number,
                    last => lists.nexts[last as usize - 1] = number,
                }
                lists.links[slot] = lists.lasts[cell];
                lists.lasts[cell] = number;
                lists.tallies[cell] += 1;
            }
        }
        lists
    }

    /// The events that the next stage receives, with the slots of the spikes that they come from.
    fn sorted_of(
        &self,
        events: &SpikeBatch<f32>,
        spikes: &SpikeBatch<f32>,
        from: &[usize],
        lists: &StageLists,
    ) -> Vec<u32> {
        let capacity = lists.capacity;
        let mut sorted = vec![[0_u32; 4]; lists.sorted.len() / 4];
        for sample in 0..events.samples() {
            let start = spikes.range(sample).start;
            for (position, event) in events.range(sample).enumerate() {
                let (segment, offset) = self.plan.split(events.precise_time(event));
                let slot = sample * capacity + (from[event] - start);
                sorted[sample * capacity + position] = [
                    segment,
                    offset.to_bits(),
                    events.neurons()[event],
                    slot as u32,
                ];
            }
        }
        sorted.into_flattened()
    }

    /// Completes the lists on the device; the number of spikes whose slope is not positive.
    fn find_slopes(&mut self) -> Result<u64, EngineError> {
        let without_rise = self.gpu.upload(&[0_u32]);
        let lists = self.lists();
        let Some(input) = &self.run.input else {
            return Ok(0);
        };
        for (index, stage) in self.plan.stages.iter().enumerate() {
            let at = self.at(stage, &self.run, lists);
            let arriving = self.input_of(index, lists, input);
            let weights = self.weights_of(stage, false);
            let own = &lists.stages[index];
            forward::arrive_recorded(&self.gpu, at, &arriving);
            forward::complete_recorded(&self.gpu, at, &arriving, &weights, own, &without_rise);
        }
        self.is_observed = true;
        let counted: Vec<u32> = self.gpu.read(&without_rise)?;
        Ok(u64::from(counted[0]))
    }
}
