//! [`CpuSumPool2d`]: sum pooling. Spikes keep their times and change their neurons, so errors pass through unchanged.

use noctule_core::{EngineError, SpikeBatch, SumPool2d};

use crate::layers::record::LayerRecord;
use crate::simd::dispatch::CpuReal;

/// Sum pooling with a table of the pooled neuron of each input neuron.
#[derive(Clone, Debug)]
pub(crate) struct CpuSumPool2d {
    outputs: usize,
    /// The pooled neuron of each input neuron; shape `[inputs]`.
    pooled: Vec<u32>,
}

impl CpuSumPool2d {
    pub fn new(layer: &SumPool2d) -> Self {
        let neurons = 0..layer.input_shape().neurons() as u32;
        Self {
            outputs: layer.output_shape().neurons(),
            pooled: neurons.map(|neuron| layer.pooled(neuron)).collect(),
        }
    }

    /// Runs the layer on `input`; the output events are in `record` afterwards.
    pub fn forward<T: CpuReal>(&self, input: &SpikeBatch<T>, record: &mut LayerRecord<T>) {
        record.begin(input);
        let pooled = |neuron: u32| self.pooled[neuron as usize];
        record.output.relabel_from(input, self.outputs, pooled);
        record.pooled_from = None;
    }

    /// Records `output` as the pooled spikes: the k-th recorded spike of a pooled neuron is the k-th of the input
    /// spikes that it merges.
    ///
    /// # Errors
    /// If a pooled neuron has more or fewer spikes than the neurons that it merges.
    pub fn forward_recorded<T: CpuReal>(
        &self,
        layer: usize,
        input: &SpikeBatch<T>,
        output: &SpikeBatch<T>,
        record: &mut LayerRecord<T>,
    ) -> Result<(), EngineError> {
        record.begin(input);
        let mut pooled_from = vec![0; output.spikes()];
        for sample in 0..input.samples() {
            let mut merged: Vec<Vec<usize>> = vec![Vec::new(); self.outputs];
            for event in input.range(sample) {
                let neuron = input.neurons()[event] as usize;
                merged[self.pooled[neuron] as usize].push(event);
            }
            let counts = output.counts(sample);
            for (merged, &found) in merged.iter().zip(&counts) {
                if merged.len() != found as usize {
                    return Err(unmerged(layer, merged.len(), found as usize));
                }
            }
            let mut next = vec![0; self.outputs];
            for event in output.range(sample) {
                let neuron = output.neurons()[event] as usize;
                pooled_from[event] = merged[neuron][next[neuron]];
                next[neuron] += 1;
            }
        }
        record.output.clone_from(output);
        record.pooled_from = Some(pooled_from);
        Ok(())
    }

    /// The errors of the input events, given those of the output events.
    pub fn backward<T: CpuReal>(&self, record: &LayerRecord<T>, d_times: &[T]) -> Vec<T> {
        let Some(pooled_from) = &record.pooled_from else {
            return d_times.to_vec();
        };
        let mut d_input = vec![T::zero(); d_times.len()];
        for (&from, &d_time) in pooled_from.iter().zip(d_times) {
            d_input[from] = d_time;
        }
        d_input
    }
}

/// The error of recorded spikes that are not the pooled spikes of the layer before.
fn unmerged(layer: usize, expected: usize, found: usize) -> EngineError {
    EngineError::Recorded {
        layer,
        what: "spikes of a pooled neuron (the layer must pool the spikes recorded before it)",
        expected,
        found,
    }
}
