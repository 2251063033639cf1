//! Waiting for the device: overflows are made good, and verdicts become metrics.

use cubecl::prelude::Runtime;
use noctule_core::{BatchRecord, EngineError, Label};

use crate::kernels::batch::NO_BATCH;
use crate::launch::forward;
use crate::plan::{PlannedLayer, Stage, aligned, pooled};
use crate::session::command::Command;
use crate::session::state::{GpuSession, PendingBatch, VERDICT, initial_state};

impl<R: Runtime> GpuSession<R> {
    /// Waits until all enqueued calls are done, and moves their metrics to the host.
    ///
    /// # Errors
    /// If the device fails, or has too little memory for the spikes of a batch.
    pub(super) fn settle(&mut self) -> Result<(), EngineError> {
        if self.journal.is_empty() && self.pending.is_empty() {
            return Ok(());
        }
        loop {
            if !self.is_observed {
                self.launch_observe(false);
            }
            let state: Vec<u32> = self.gpu.read(&self.device_state)?;
            if state[0] == NO_BATCH {
                break;
            }
            self.run_again(state[0], &state[1..])?;
        }
        self.journal.clear();
        self.unsettled_bytes = 0;
        self.collect()
    }

    /// Makes room for the spikes of the batch that overflowed, and runs the journal again from there on.
    fn run_again(&mut self, batch: u32, needed: &[u32]) -> Result<(), EngineError> {
        let from = self
            .journal
            .iter()
            .position(|command| command.batch() == Some(batch));
        let first = from.map(|from| self.journal[from].clone());
        let (Some(from), Some(Command::Forward { input, .. })) = (from, first) else {
            return Err(EngineError::Device(format!(
                "batch {batch} is not in the journal"
            )));
        };
        let before = self.capacities.clone();
        for ((capacity, stage), &needed) in self
            .capacities
            .iter_mut()
            .zip(&self.plan.stages)
            .zip(needed)
        {
            let needed = needed as usize;
            if needed > *capacity {
                // With some room to grow.
                let wanted = aligned(needed + needed / 4);
                *capacity = wanted.min(aligned(stage.most_spikes())).max(needed);
            }
        }
        if let Err(error) = self.make_room(&input) {
            // The batch stays noted as one that overflowed: no step changes anything, and every read says why.
            self.capacities = before;
            return Err(error);
        }
        self.device_state = initial_state(&self.gpu, self.plan.stages.len());
        let commands = self.journal.split_off(from);
        for command in commands {
            self.enqueue(command)?;
        }
        Ok(())
    }

    /// Turns the verdicts of the pending batches into metrics.
    fn collect(&mut self) -> Result<(), EngineError> {
        let pending = std::mem::take(&mut self.pending);
        let used = std::mem::take(&mut self.verdicts_used);
        if pending.is_empty() {
            return Ok(());
        }
        // Who spiked is counted with the first batch, in its last evaluation: later evaluations may yet be replaced.
        let first = pending[1..].iter().take_while(|batch| batch.again).count();
        let used = aligned(used.max(1)).min(self.verdicts.len());
        let verdicts: Vec<u32> = self.gpu.read(&self.verdicts.part(0, used))?;
        let spiked: Vec<u32> = self.gpu.read(&self.has_spiked)?;
        forward::clear(&self.gpu, &self.has_spiked);
        let width = VERDICT + self.plan.stages.len();
        for (index, batch) in pending.iter().enumerate() {
            let own = &verdicts[batch.verdicts_start..][..batch.input.samples * width];
            self.count(batch, own, (index == first).then_some(&spiked));
        }
        Ok(())
    }

    /// Adds a batch to the metrics; `spiked` says who spiked in any batch since the last read.
    fn count(&mut self, batch: &PendingBatch, verdicts: &[u32], spiked: Option<&Vec<u32>>) {
        let found = verdicts.chunks_exact(VERDICT + self.plan.stages.len());
        let samples = batch.input.samples;
        let losses = found
            .clone()
            .map(|verdict| f64::from(f32::from_bits(verdict[0])));
        let mut loss = losses.sum::<f64>() / samples.max(1) as f64;
        let of_device = found.clone().map(|verdict| verdict[1].checked_sub(1));
        let mut predictions: Vec<Option<Label>> = of_device.collect();
        if let Some((of_caller, own)) = &batch.of_caller {
            loss = *of_caller;
            predictions.clone_from(own);
            if own.is_empty() && batch.again {
                predictions = std::mem::take(&mut self.predictions);
            }
        }
        let metrics = self.metrics.begin(batch.again);
        let labels = &batch.input.host_labels;
        metrics.add_batch(BatchRecord::new(loss, &predictions, labels, samples));
        metrics.add_spikes_without_rise(batch.spikes_without_rise);
        for (layer, planned) in self.plan.layers.iter().enumerate() {
            let (stage, pools) = match planned {
                PlannedLayer::Stage(stage) => (Some(*stage), &[][..]),
                PlannedLayer::Pool { stage, pools } => (*stage, pools.as_slice()),
            };
            let neurons = self.outputs[layer];
            let metrics = metrics.layer_mut(layer, neurons);
            let Some(stage) = stage else {
                let events = batch.input.to_host();
                let pooled = events.neurons().iter().map(|&neuron| pooled(neuron, pools));
                metrics.add_spikes(&pooled.collect::<Vec<u32>>());
                continue;
            };
            let spikes = found
                .clone()
                .map(|verdict| u64::from(verdict[VERDICT + stage]));
            let mut flags = vec![false; neurons];
            let start: usize = self.plan.stages[..stage].iter().map(Stage::neurons).sum();
            for (neuron, &any) in spiked.iter().flat_map(|all| &all[start..]).enumerate() {
                if neuron < self.plan.stages[stage].neurons() {
                    flags[pooled(neuron as u32, pools) as usize] |= any != 0;
                }
            }
            metrics.add_counted(spikes.sum(), &flags);
        }
        self.predictions = predictions;
    }
}
