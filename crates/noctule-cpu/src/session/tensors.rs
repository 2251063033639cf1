//! Reading and writing the tensors of a session: from the blocked layout to row-major order and back.

use noctule_core::{
    EngineError, OptimiserProgress, Tensor, TensorError, TensorGroup, TensorName, Tensors,
};

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
                None => Err(absent(group)),
            },
            TensorGroup::OptimiserState(slot) => {
                let state = self.optimiser.state(slot).ok_or_else(|| absent(group))?;
                Ok(state.collect())
            }
            _ => Err(absent(group)),
        }
    }

    /// As [`stored`](Self::stored), mutably.
    pub(super) fn stored_mut(&mut self, group: TensorGroup) -> Result<Vec<&mut [T]>, EngineError> {
        match group {
            TensorGroup::Parameters => Ok(slices_mut(&mut self.weights).collect()),
            TensorGroup::Gradient => Ok(slices_mut(&mut self.gradient).collect()),
            TensorGroup::Average => match &mut self.average {
                Some(average) => Ok(slices_mut(&mut average.weights).collect()),
                None => Err(absent(group)),
            },
            TensorGroup::OptimiserState(slot) => {
                let state = self
                    .optimiser
                    .state_mut(slot)
                    .ok_or_else(|| absent(group))?;
                Ok(state.collect())
            }
            _ => Err(absent(group)),
        }
    }

    pub(super) fn read_group(&self, group: TensorGroup) -> Result<Tensors<T>, EngineError> {
        let mut tensors = Tensors::new();
        for (stored, (layer, outputs, inputs)) in
            self.stored(group)?.into_iter().zip(self.weight_layers())
        {
            let rows = rows_of(stored, outputs, inputs);
            let tensor = Tensor::new(&self.weight_shapes[layer], rows)
                .map_err(|source| misfit(group, layer, source))?;
            tensors.insert(TensorName::weights(layer), tensor);
        }
        Ok(tensors)
    }

    pub(super) fn write_group(
        &mut self,
        group: TensorGroup,
        tensors: &Tensors<T>,
    ) -> Result<(), EngineError> {
        let layers = self.weight_layers();
        self.check_tensors(group, tensors, &layers)?;
        for (stored, (layer, outputs, inputs)) in self.stored_mut(group)?.into_iter().zip(layers) {
            let rows = tensors[&TensorName::weights(layer)].as_slice();
            set_rows_of(stored, outputs, inputs, rows);
        }
        Ok(())
    }

    fn check_tensors(
        &self,
        group: TensorGroup,
        tensors: &Tensors<T>,
        layers: &[(usize, usize, usize)],
    ) -> Result<(), EngineError> {
        self.stored(group)?;
        for &(layer, ..) in layers {
            let Some(tensor) = tensors.get(&TensorName::weights(layer)) else {
                return Err(EngineError::Tensors {
                    group: group.to_string(),
                    problem: format!("the weights of layer {layer} are missing"),
                });
            };
            tensor
                .check(&self.weight_shapes[layer])
                .map_err(|source| misfit(group, layer, source))?;
            if self.is_second_moment(group)
                && let Some(value) = tensor.as_slice().iter().find(|&&value| value < T::zero())
            {
                return Err(EngineError::Tensors {
                    group: group.to_string(),
                    problem: format!("layer {layer} has the mean square {value}, below 0"),
                });
            }
        }
        if tensors.len() > layers.len() {
            let is_known = |name: &&TensorName| {
                layers
                    .iter()
                    .any(|&(layer, ..)| **name == TensorName::weights(layer))
            };
            let unknown = tensors.keys().find(|name| !is_known(name));
            return Err(EngineError::Tensors {
                group: group.to_string(),
                problem: format!(
                    "there is no tensor `{}` to write",
                    unknown.map_or(String::new(), ToString::to_string)
                ),
            });
        }
        Ok(())
    }

    fn is_second_moment(&self, group: TensorGroup) -> bool {
        let names = self.optimiser.rule().state_names();
        matches!(group, TensorGroup::OptimiserState(slot) if names.get(slot) == Some(&"second_moment"))
    }

    pub(super) fn check_progress(&self, progress: &OptimiserProgress) -> Result<(), EngineError> {
        let group = "the saved optimiser state".to_owned();
        let expected = self.optimiser.rule().kind();
        if progress.kind != expected {
            let problem = format!(
                "it is of kind `{}`, but the configuration asks for `{expected}`; resume with the run's own \
                 configuration",
                progress.kind
            );
            return Err(EngineError::Tensors { group, problem });
        }
        if !(0.0..=1.0).contains(&progress.momentum_product) {
            let problem = format!(
                "it is damaged: `momentum_product` is {}",
                progress.momentum_product
            );
            return Err(EngineError::Tensors { group, problem });
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

fn absent(group: TensorGroup) -> EngineError {
    EngineError::Tensors {
        group: group.to_string(),
        problem: "this session has none".to_owned(),
    }
}

fn misfit(group: TensorGroup, layer: usize, source: TensorError) -> EngineError {
    EngineError::Tensor {
        group: group.to_string(),
        layer,
        source,
    }
}
