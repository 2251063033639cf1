//! Reading and writing the tensors of a session: from the blocked layout to row-major order and back.

use noctule_core::{EngineError, Tensor, TensorGroup, TensorName, Tensors, checks};

use crate::session::state::CpuSession;
use crate::simd::dispatch::CpuReal;
use crate::weights::blocked::{BlockedWeights, rows_of, set_rows_of};

impl<T: CpuReal> CpuSession<T> {
    /// For each layer with weights: its index, and the numbers of outputs and inputs of its weights.
    fn weight_layers(&self) -> Vec<(usize, usize, usize)> {
        let layers = self.weights.iter().enumerate();
        layers
            .filter_map(|(layer, weights)| {
                let weights = weights.as_ref()?;
                Some((layer, weights.outputs(), weights.inputs()))
            })
            .collect()
    }

    /// The tensors of a group in their stored layout, in the order of the layers.
    fn stored(&self, group: TensorGroup) -> Result<Vec<&[T]>, EngineError> {
        let weights = |weights| slices(weights).collect();
        match group {
            TensorGroup::Parameters => Ok(weights(&self.weights)),
            TensorGroup::Gradient => Ok(weights(&self.gradient)),
            TensorGroup::Average => match &self.average {
                Some(average) => Ok(weights(&average.weights)),
                None => Err(checks::absent(group)),
            },
            TensorGroup::OptimiserState(slot) => {
                let state = self
                    .optimiser
                    .state(slot)
                    .ok_or_else(|| checks::absent(group))?;
                Ok(state.collect())
            }
            _ => Err(checks::absent(group)),
        }
    }

    /// As [`stored`](Self::stored), mutably.
    pub(super) fn stored_mut(&mut self, group: TensorGroup) -> Result<Vec<&mut [T]>, EngineError> {
        match group {
            TensorGroup::Parameters => Ok(slices_mut(&mut self.weights).collect()),
            TensorGroup::Gradient => Ok(slices_mut(&mut self.gradient).collect()),
            TensorGroup::Average => match &mut self.average {
                Some(average) => Ok(slices_mut(&mut average.weights).collect()),
                None => Err(checks::absent(group)),
            },
            TensorGroup::OptimiserState(slot) => {
                let state = self
                    .optimiser
                    .state_mut(slot)
                    .ok_or_else(|| checks::absent(group))?;
                Ok(state.collect())
            }
            _ => Err(checks::absent(group)),
        }
    }

    pub(super) fn read_group(&self, group: TensorGroup) -> Result<Tensors<T>, EngineError> {
        let mut tensors = Tensors::new();
        for (stored, (layer, outputs, inputs)) in
            self.stored(group)?.into_iter().zip(self.weight_layers())
        {
            let rows = rows_of(stored, outputs, inputs);
            let tensor = Tensor::new(&self.weight_shapes[layer], rows)
                .map_err(|source| checks::misfit(group, layer, source))?;
            tensors.insert(TensorName::weights(layer), tensor);
        }
        Ok(tensors)
    }

    pub(super) fn write_group(
        &mut self,
        group: TensorGroup,
        tensors: &Tensors<T>,
    ) -> Result<(), EngineError> {
        self.stored(group)?;
        checks::tensors(group, tensors, &self.weight_shapes, self.optimiser.rule())?;
        let layers = self.weight_layers();
        for (stored, (layer, _, inputs)) in self.stored_mut(group)?.into_iter().zip(layers) {
            let rows = tensors[&TensorName::weights(layer)].as_slice();
            set_rows_of(stored, inputs, rows);
        }
        Ok(())
    }
}

fn slices<T: CpuReal>(weights: &[Option<BlockedWeights<T>>]) -> impl Iterator<Item = &[T]> {
    weights.iter().flatten().map(BlockedWeights::as_slice)
}

fn slices_mut<T: CpuReal>(
    weights: &mut [Option<BlockedWeights<T>>],
) -> impl Iterator<Item = &mut [T]> {
    weights
        .iter_mut()
        .flatten()
        .map(BlockedWeights::as_mut_slice)
}
