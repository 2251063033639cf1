//! Reading and writing the tensors of a session: from `[row, filters]` to row-major order and back.

use cubecl::prelude::Runtime;
use noctule_core::{EngineError, Tensor, TensorGroup, TensorName, Tensors, checks};

use crate::gpu::Buffer;
use crate::launch::backward::{self, Target};
use crate::launch::parameters::{self, SQUARES};
use crate::session::state::{GpuSession, to_device_layout, to_host_layout};

impl<R: Runtime> GpuSession<R> {
    /// The buffer of a group.
    fn stored(&self, group: TensorGroup) -> Result<&Buffer, EngineError> {
        let all = &self.parameters;
        let buffer = match group {
            TensorGroup::Parameters => Some(&all.weights),
            TensorGroup::Gradient => Some(&all.gradient),
            TensorGroup::Average => all.average.as_ref(),
            TensorGroup::OptimiserState(slot) => all.state.get(slot),
            _ => None,
        };
        buffer.ok_or_else(|| checks::absent(group))
    }

    /// Replaces the buffer of a group, which must exist.
    fn replace(&mut self, group: TensorGroup, values: &[f32]) {
        let buffer = self.gpu.upload(values);
        let all = &mut self.parameters;
        match group {
            TensorGroup::Gradient => all.gradient = buffer,
            TensorGroup::Average => all.average = Some(buffer),
            TensorGroup::OptimiserState(slot) => all.state[slot] = buffer,
            _ => all.weights = buffer,
        }
        if matches!(group, TensorGroup::Parameters | TensorGroup::Average) {
            self.weights_change();
        }
    }

    pub(super) fn read_group(&mut self, group: TensorGroup) -> Result<Tensors<f32>, EngineError> {
        self.stored(group)?;
        self.settle()?;
        let values: Vec<f32> = self.gpu.read(self.stored(group)?)?;
        let mut tensors = Tensors::new();
        for stage in &self.plan.stages {
            let own = &values[stage.weights_start..][..stage.geometry.weights() as usize];
            let rows = to_host_layout(own, stage.geometry.filters as usize);
            let tensor = Tensor::new(&stage.shape, rows)
                .map_err(|source| checks::misfit(group, stage.layer, source))?;
            tensors.insert(TensorName::weights(stage.layer), tensor);
        }
        Ok(tensors)
    }

    pub(super) fn write_group(
        &mut self,
        group: TensorGroup,
        tensors: &Tensors<f32>,
    ) -> Result<(), EngineError> {
        self.stored(group)?;
        checks::tensors(group, tensors, &self.weight_shapes, &self.rule)?;
        self.settle()?;
        let mut values = vec![0.0; self.plan.parameters];
        for stage in &self.plan.stages {
            let rows = tensors[&TensorName::weights(stage.layer)].as_slice();
            let own = &mut values[stage.weights_start..];
            to_device_layout(rows, stage.geometry.filters as usize, own);
        }
        self.replace(group, &values);
        Ok(())
    }

    pub(super) fn exchange_group(
        &mut self,
        group: TensorGroup,
        visit: &mut dyn FnMut(&mut [f32]),
    ) -> Result<(), EngineError> {
        self.stored(group)?;
        self.settle()?;
        let mut values: Vec<f32> = self.gpu.read(self.stored(group)?)?;
        for stage in &self.plan.stages {
            visit(&mut values[stage.weights_start..][..stage.geometry.weights() as usize]);
        }
        self.replace(group, &values);
        Ok(())
    }

    /// The Euclidean norm of the gradient.
    pub(super) fn read_gradient_norm(&self) -> Result<f64, EngineError> {
        parameters::sum_squares(&self.gpu, &self.parameters.gradient, &self.squares, None);
        let sums: Vec<f32> = self.gpu.read(&self.squares)?;
        let sums = sums[..SQUARES].iter().map(|&sum| f64::from(sum));
        Ok(sums.sum::<f64>().sqrt())
    }

    /// Whether all weights are numbers that a weight may have.
    pub(super) fn read_is_in_range(&self) -> Result<bool, EngineError> {
        let flags = self.gpu.upload(&[0_u32]);
        parameters::look_for_too_large(&self.gpu, &self.parameters.weights, &flags);
        let flags: Vec<u32> = self.gpu.read(&flags)?;
        Ok(flags[0] == 0)
    }

    /// Adds the silent boosts that ranks kept.
    pub(super) fn add_kept_boosts(&mut self) -> Result<(), EngineError> {
        for kept in std::mem::take(&mut self.boosts) {
            let stage = &self.plan.stages[kept.stage];
            let filters = stage.geometry.filters as usize;
            // The neurons of a filter share its weights, which are boosted only if all of them were silent.
            let mut silent = vec![1_u32; filters];
            for (neuron, &spiked) in kept.spiked.iter().enumerate() {
                if spiked {
                    silent[neuron % filters] = 0;
                }
            }
            let silent = self.gpu.upload(&silent);
            let Some(lists) = &self.lists else { continue };
            let weights = stage.geometry.weights() as usize;
            let gradient = self.parameters.gradient.part(stage.weights_start, weights);
            let target = Target {
                gradient: &gradient,
                state: &self.device_state,
                batch: self.run.batch,
            };
            let mut own = lists.stages[kept.stage].clone();
            own.silent = silent;
            backward::add_parts(&self.gpu, stage, 0, &own, kept.boost, &target);
        }
        Ok(())
    }
}
