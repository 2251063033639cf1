//! Reading spikes and gradients of times, and setting the errors of the output.

use cubecl::prelude::Runtime;
use noctule_core::{EngineError, Label, SpikeBatch, checks};

use crate::launch::forward;
use crate::plan::{PlannedLayer, pooled};
use crate::session::state::GpuSession;

/// The sorted spikes of a stage on the host.
struct SortedSpikes {
    /// `[segment, offset (bits), pooled neuron, slot]`; shape `[samples, capacity, 4]`.
    events: Vec<u32>,
    /// Spikes of each sample.
    totals: Vec<u32>,
    /// Slots of a sample.
    capacity: usize,
}

impl SortedSpikes {
    /// The spikes of a sample.
    fn of(&self, sample: usize) -> impl Iterator<Item = &[u32; 4]> + Clone {
        let (events, _) = self.events.as_chunks::<4>();
        events[sample * self.capacity..][..self.totals[sample] as usize].iter()
    }
}

impl<R: Runtime> GpuSession<R> {
    /// The spikes of a stage in the last pass, which must have had samples.
    fn read_sorted(&mut self, stage: usize) -> Result<SortedSpikes, EngineError> {
        self.settle()?;
        let lists = self.lists();
        let is_last = stage + 1 == self.plan.stages.len();
        if is_last && !self.run.is_sorted {
            let at = self.at(&self.plan.stages[stage], &self.run, lists);
            forward::sort(&self.gpu, at, &lists.stages[stage]);
        }
        let own = &lists.stages[stage];
        Ok(SortedSpikes {
            events: self.gpu.read(&own.sorted)?,
            totals: self.gpu.read(&own.totals)?,
            capacity: own.capacity,
        })
    }

    /// The output events of a layer.
    pub(super) fn read_spikes(&mut self, layer: usize) -> Result<SpikeBatch<f32>, EngineError> {
        self.settle()?;
        if let Some(recorded) = &self.recorded {
            return Ok(recorded[layer].clone());
        }
        let samples = self.run.samples;
        let mut spikes = SpikeBatch::new(self.outputs[layer]);
        if samples == 0 {
            return Ok(spikes);
        }
        let (stage, pools) = match self.plan.layers[layer].clone() {
            PlannedLayer::Stage(stage) => (stage, Vec::new()),
            PlannedLayer::Pool {
                stage: Some(stage),
                pools,
            } => (stage, pools),
            PlannedLayer::Pool { stage: None, pools } => {
                let events = self.samples("`spikes`")?.to_host();
                spikes.relabel_from(&events, self.outputs[layer], |neuron| {
                    pooled(neuron, &pools)
                });
                return Ok(spikes);
            }
        };
        let sorted = self.read_sorted(stage)?;
        let origins: Vec<u32> = self.gpu.read(&self.lists().stages[stage].origins)?;
        let mut residuals = Vec::new();
        for sample in 0..samples {
            let events = sorted.of(sample).map(|&[segment, offset, _, slot]| {
                let time = self.plan.join(segment, f32::from_bits(offset));
                (time, pooled(origins[4 * slot as usize + 1], &pools))
            });
            if self.plan.keeps_residuals {
                let rests = events
                    .clone()
                    .map(|(time, _)| (time - f64::from(time as f32)) as f32);
                residuals.extend(rests);
            }
            let times = events.map(|(time, neuron)| (time as f32, neuron));
            spikes
                .push_sample(times)
                .map_err(|error| EngineError::Device(format!("layer {layer}: {error}")))?;
        }
        spikes.set_residuals(residuals);
        Ok(spikes)
    }

    /// Sets `dL/dt` of the output events, in the order of [`read_spikes`](Self::read_spikes).
    pub(super) fn set_output_errors(
        &mut self,
        d_times: &[f32],
        predictions: &[Option<Label>],
    ) -> Result<(), EngineError> {
        self.settle()?;
        let (samples, last) = (self.run.samples, self.plan.stages.len() - 1);
        if samples == 0 {
            return checks::time_gradients(0, 0, d_times, predictions);
        }
        let sorted = self.read_sorted(last)?;
        let spikes = sorted.totals[..samples].iter().map(|&total| total as usize);
        checks::time_gradients(spikes.sum(), samples, d_times, predictions)?;
        let mut errors = vec![0.0_f32; sorted.events.len() / 4];
        let slots = (0..samples).flat_map(|sample| sorted.of(sample).map(|event| event[3]));
        for (slot, &d_time) in slots.zip(d_times) {
            errors[slot as usize] = d_time;
        }
        let errors = self.gpu.upload(&errors);
        if let Some(lists) = &mut self.lists {
            lists.stages[last].errors = errors;
        }
        Ok(())
    }

    /// `dL/dt` of the input events.
    pub(super) fn read_input_gradients(&mut self) -> Result<Vec<f32>, EngineError> {
        self.settle()?;
        let Some(input) = self.run.input.clone().filter(|input| input.samples > 0) else {
            return Ok(Vec::new());
        };
        let lists = self.lists();
        let errors: Vec<f32> = self.gpu.read(&lists.first.errors)?;
        let counts: Vec<u32> = self.gpu.read(&input.counts)?;
        let capacity = lists.first.capacity;
        let of_sample = |(sample, &count): (usize, &u32)| {
            errors[sample * capacity..][..count as usize].to_vec()
        };
        let counts = counts[..input.samples].iter().enumerate();
        Ok(counts.flat_map(of_sample).collect())
    }
}
