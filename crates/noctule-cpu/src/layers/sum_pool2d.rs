//! [`CpuSumPool2d`]: sum pooling. Spikes keep their times and change their neurons, so errors pass through unchanged.

use noctule_core::{EngineError, SpikeBatch, SumPool2d, checks};

use crate::layers::record::LayerRecord;
use crate::simd::dispatch::CpuReal;

/// Sum pooling with a table of the pooled neuron of each input neuron.
#[derive(Clone, Debug)]
pub(crate) struct CpuSumPool2d {
    layer: SumPool2d,
    outputs: usize,
    /// The pooled neuron of each input neuron; shape `[inputs]`.
    pooled: Vec<u32>,
}

impl CpuSumPool2d {
    pub fn new(layer: &SumPool2d) -> Self {
        let neurons = 0..layer.input_shape().neurons() as u32;
        Self {
            layer: *layer,
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

    /// Records `output` as the pooled spikes of the layer with the index `layer`.
    ///
    /// # Errors
    /// As [`checks::recorded_pooling`].
    pub fn forward_recorded<T: CpuReal>(
        &self,
        layer: usize,
        input: &SpikeBatch<T>,
        output: &SpikeBatch<T>,
        record: &mut LayerRecord<T>,
    ) -> Result<(), EngineError> {
        record.begin(input);
        let pooled_from = checks::recorded_pooling(layer, &self.layer, input, output)?;
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
