//! [`Session`]: a network on an engine.

use std::borrow::Cow;

use crate::batch::Batch;
use crate::engine::error::EngineError;
use crate::engine::tensors::{TensorGroup, Tensors};
use crate::label::Label;
use crate::loss::Loss;
use crate::loss::prediction::Prediction;
use crate::metrics::Metrics;
use crate::optimiser::OptimiserProgress;
use crate::real::Real;
use crate::regularisation::Regularisation;
use crate::spikes::SpikeBatch;

/// The weights that a forward pass uses.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PassWeights {
    /// The weights that steps change.
    #[default]
    Training,
    /// Their running mean, if the session keeps one; otherwise the weights that steps change.
    Average,
}

/// The options of a forward pass. The default is evaluation with the weights that steps change.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Pass {
    /// The weights to use.
    pub weights: PassWeights,
    /// The seed that decides which inputs are dropped, as in training; use a different one for every batch. `None`: no
    /// input is dropped.
    pub dropout: Option<u64>,
    /// The index of the first sample in the whole batch. With it, several ranks drop the same inputs as a single
    /// process.
    pub first_sample: usize,
    /// Whether the backward pass also computes `dL/dt` of the input events.
    pub input_gradients: bool,
}

/// A set of samples that a session has stored; see [`Session::store`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StoredSet {
    /// Its index in the session.
    pub index: usize,
}

/// A network on an engine, with everything that changes while it runs.
///
/// The order of calls is: `load` or `select`, `forward` or `forward_recorded`, then `loss` or `predict` or
/// `set_time_gradients`, then `backward`, then `step`. Calls may return before their work is done; only those under
/// *reads* wait for a device.
pub trait Session<T: Real>: Send {
    // Samples.

    /// Sets the samples of the coming passes.
    ///
    /// # Errors
    /// If the samples come from a population of the wrong size, there are labels but not one per sample, or an image
    /// cannot be encoded.
    fn load(&mut self, batch: &Batch<T>) -> Result<(), EngineError>;

    /// Stores a set, from which [`select`](Self::select) takes batches.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    fn store(&mut self, set: &Batch<T>) -> Result<StoredSet, EngineError>;

    /// Sets the samples of the coming passes: those of a stored set with the indices `samples`, in that order.
    ///
    /// # Errors
    /// If there is no such set or sample, or an image cannot be encoded.
    fn select(&mut self, set: StoredSet, samples: &[u32]) -> Result<(), EngineError>;

    // Passes.

    /// Runs the network on the samples.
    ///
    /// # Errors
    /// If there are no samples yet.
    fn forward(&mut self, pass: Pass) -> Result<(), EngineError>;

    /// Uses spikes that were recorded elsewhere, for example on a chip, as the output of each layer, pooling layers
    /// included; `layers` has one batch per layer.
    ///
    /// The coming backward pass computes the gradient at the recorded times. The slope `u'(t_k)` is the model's at that
    /// time, from the recorded inputs and the neuron's own earlier recorded spikes. A recorded spike whose slope is not
    /// positive passes no error on and is counted in [`Metrics::spikes_without_rise`]. All recorded spikes count, also
    /// beyond `max_spikes`. An input at the same time as a spike does not act on it.
    ///
    /// # Errors
    /// If there is not one batch per layer, or one has the wrong number of samples or neurons.
    fn forward_recorded(&mut self, layers: &[SpikeBatch<T>]) -> Result<(), EngineError>;

    /// Evaluates a loss on the output events: adds it to the metrics and sets `dL/dt` of the output events.
    ///
    /// # Errors
    /// If there was no forward pass, or the labels do not fit.
    fn loss(&mut self, loss: &Loss) -> Result<(), EngineError>;

    /// Predicts classes, and adds the number of correct ones to the metrics if there are labels; the loss is 0.
    ///
    /// # Errors
    /// If there was no forward pass.
    fn predict(&mut self, rule: Prediction) -> Result<(), EngineError>;

    /// Replaces [`loss`](Self::loss) for a custom loss. `d_times` is `dL/dt` of each output event. `loss` is the mean
    /// loss of the samples; it is added to the metrics, with the `predictions` (one per sample, or none).
    ///
    /// Of several calls of `loss`, `predict` and this one on one forward pass, the last one counts in the metrics. If it
    /// has no predictions, those of an earlier call stay.
    ///
    /// # Errors
    /// If there was no forward pass, or a list has the wrong length.
    fn set_time_gradients(
        &mut self,
        d_times: &[T],
        loss: f64,
        predictions: &[Option<Label>],
    ) -> Result<(), EngineError>;

    /// Runs the backward pass and adds to the gradient. `weight` is the number of these samples divided by that of the
    /// whole batch: 1, unless several ranks share the batch.
    ///
    /// # Errors
    /// If `dL/dt` of the output events was not set since the last backward pass, or the weights have changed since the
    /// forward pass.
    fn backward(&mut self, regularisation: &Regularisation, weight: f64)
    -> Result<(), EngineError>;

    /// Takes a step of the optimiser, updates the running mean, and sets the gradient to zero. With `max_norm`, a
    /// gradient with a larger Euclidean norm is first scaled down to it.
    ///
    /// # Errors
    /// If `max_norm` is not positive, the engine cannot clip on several ranks, or the device fails. Nothing is changed
    /// then.
    fn step(&mut self, learning_rate: f64, max_norm: Option<f64>) -> Result<(), EngineError>;

    /// Sets the gradient to zero.
    ///
    /// # Errors
    /// If the device fails.
    fn clear_gradient(&mut self) -> Result<(), EngineError>;

    // Reads.

    /// Waits until all work is done.
    ///
    /// # Errors
    /// If some of the work failed.
    fn wait(&mut self) -> Result<(), EngineError>;

    /// Adds the metrics since the last call to `total`, batch by batch.
    ///
    /// # Errors
    /// If the device fails.
    fn take_metrics(&mut self, total: &mut Metrics) -> Result<(), EngineError>;

    /// The input events of the samples, as they were loaded or encoded.
    ///
    /// # Errors
    /// If there are no samples yet.
    fn input(&mut self) -> Result<Cow<'_, SpikeBatch<T>>, EngineError>;

    /// The output events of a layer in the last forward pass.
    ///
    /// # Errors
    /// If there was no forward pass, or there is no such layer.
    fn spikes(&mut self, layer: usize) -> Result<Cow<'_, SpikeBatch<T>>, EngineError>;

    /// The predicted class of each sample; `None` where no output neuron spiked.
    ///
    /// # Errors
    /// If no call predicted classes since the last forward pass.
    fn predictions(&mut self) -> Result<Cow<'_, [Option<Label>]>, EngineError>;

    /// `dL/dt` of each input event, from the last backward pass.
    ///
    /// # Errors
    /// If the forward pass did not ask for it with [`Pass::input_gradients`], or there was no backward pass.
    fn input_time_gradients(&mut self) -> Result<Cow<'_, [T]>, EngineError>;

    /// The Euclidean norm of the gradient.
    ///
    /// # Errors
    /// If the device fails.
    fn gradient_norm(&mut self) -> Result<f64, EngineError>;

    /// Whether all weights are numbers that a weight may have, see [`are_weights`](crate::are_weights): a training that
    /// diverged has others.
    ///
    /// # Errors
    /// If the device fails.
    fn parameters_are_in_range(&mut self) -> Result<bool, EngineError>;

    /// Copies a group of tensors, in the shapes of their parameters.
    ///
    /// # Errors
    /// If there is no such group.
    fn read(&mut self, group: TensorGroup) -> Result<Tensors<T>, EngineError>;

    /// Overwrites a group of tensors. Parameters that are constants of neurons cannot be written.
    ///
    /// # Errors
    /// If there is no such group, or the tensors are not those of the group. Nothing is changed then.
    fn write(&mut self, group: TensorGroup, tensors: &Tensors<T>) -> Result<(), EngineError>;

    /// The state of the optimiser that is not in tensors: the number of steps, for example.
    fn optimiser_progress(&self) -> OptimiserProgress;

    /// Restores a saved progress.
    ///
    /// # Errors
    /// If it belongs to another optimiser, or is damaged.
    fn set_optimiser_progress(&mut self, progress: &OptimiserProgress) -> Result<(), EngineError>;

    // Several processes.

    /// Makes this the session of one of several ranks: further steps change only this rank's [`shard`](crate::shard())
    /// of each tensor, in the layout that [`exchange`](Self::exchange) shows.
    ///
    /// # Errors
    /// If there is no such rank, or the engine cannot run on several ranks.
    fn set_shard(&mut self, rank: usize, ranks: usize) -> Result<(), EngineError>;

    /// Passes each tensor of a group to `visit`, which may change it. Order and layout are the same on all ranks.
    ///
    /// # Errors
    /// If there is no such group.
    fn exchange(
        &mut self,
        group: TensorGroup,
        visit: &mut dyn FnMut(&mut [T]),
    ) -> Result<(), EngineError>;

    /// Passes the numbers of the last batch's metrics to `visit`, which replaces them by their sums over all ranks.
    /// Call it between `loss` and `backward`.
    ///
    /// # Errors
    /// If there are no unread metrics of a batch.
    fn exchange_metrics(&mut self, visit: &mut dyn FnMut(&mut [f64])) -> Result<(), EngineError>;
}
