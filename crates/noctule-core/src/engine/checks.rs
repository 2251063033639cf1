//! The checks of what a session is given, and the errors of calls that come too early. Every engine uses them, so a
//! mistake has the same message everywhere.
//!
//! A session checks before it changes anything.

use crate::batch::{Batch, Images, Pixels, Samples};
use crate::engine::error::EngineError;
use crate::engine::session::Session;
use crate::engine::tensors::{TensorGroup, TensorName, Tensors};
use crate::label::Label;
use crate::latency::encoding::EncodingError;
use crate::layer::sum_pool2d::SumPool2d;
use crate::loss::check_labels;
use crate::optimiser::{Optimiser, OptimiserProgress};
use crate::real::Real;
use crate::spikes::SpikeBatch;
use crate::tensor::TensorError;

// Samples and labels.

/// Checks a batch or a set for a network with `inputs` inputs.
///
/// # Errors
/// If the samples come from a population of another size, there are labels but not one per sample, the pixels do not
/// fill whole images, or an intensity is NaN, below 0 or above 1.
pub fn batch<T: Real>(inputs: usize, batch: &Batch<T>) -> Result<(), EngineError> {
    let found = batch.population();
    if found != inputs {
        return Err(EngineError::Inputs {
            expected: inputs,
            found,
        });
    }
    if !batch.labels.is_empty() {
        length("labels", batch.len(), batch.labels.len())?;
    }
    if let Samples::Images(images) = &batch.samples {
        let expected = images.len() * images.shape.neurons();
        length("pixels", expected, images.pixels.len())?;
        intensities(images)?;
    }
    Ok(())
}

/// Intensities must be numbers from 0 to 1.
fn intensities(images: &Images) -> Result<(), EncodingError> {
    let Pixels::Floats(values) = &images.pixels else {
        return Ok(());
    };
    match values.iter().position(|value| !(0.0..=1.0).contains(value)) {
        None => Ok(()),
        Some(index) => Err(EncodingError::Intensity {
            neuron: index % images.shape.neurons(),
            value: values[index],
        }),
    }
}

fn length(what: &'static str, expected: usize, found: usize) -> Result<(), EngineError> {
    if found == expected {
        return Ok(());
    }
    Err(EngineError::Length {
        what,
        expected,
        found,
    })
}

/// Checks the indices of samples of a stored set with `set_len` samples.
///
/// # Errors
/// If there is no such sample.
pub fn samples(set_len: usize, indices: &[u32]) -> Result<(), EngineError> {
    match indices.iter().find(|&&index| index as usize >= set_len) {
        None => Ok(()),
        Some(&index) => Err(EngineError::NoSuchSample {
            index,
            samples: set_len,
        }),
    }
}

/// Checks the labels of `samples` samples for a loss on `classes` output neurons.
///
/// # Errors
/// If there is not one label per sample, or a label is not the index of an output neuron.
pub fn labels(labels: &[Label], samples: usize, classes: usize) -> Result<(), EngineError> {
    Ok(check_labels(labels, samples, classes)?)
}

// Recorded spikes and errors of spikes.

/// Checks the sizes of recorded spikes, one batch for each layer. `outputs` has the number of neurons of each layer;
/// shape `[layers]`. [`recorded_pooling`] checks the spikes of a pooling layer.
///
/// # Errors
/// If there is not one batch per layer, or one has the wrong number of neurons, or not `samples` samples.
pub fn recorded<T: Real>(
    outputs: &[usize],
    spikes: &[SpikeBatch<T>],
    samples: usize,
) -> Result<(), EngineError> {
    let layers = outputs.len();
    let compare = |layer, what, expected, found| {
        if found == expected {
            return Ok(());
        }
        Err(EngineError::Recorded {
            layer,
            what,
            expected,
            found,
        })
    };
    let what = "lists of spikes, one for each layer";
    compare(layers, what, layers, spikes.len())?;
    for (layer, (spikes, &neurons)) in spikes.iter().zip(outputs).enumerate() {
        compare(layer, "neurons", neurons, spikes.population())?;
        compare(layer, "samples", samples, spikes.samples())?;
    }
    Ok(())
}

/// The input event of each recorded spike of a pooling layer; shape `[output.spikes()]`. The k-th recorded spike of a
/// pooled neuron is the k-th of the input spikes that it merges.
///
/// `layer` is the index of the layer. `input` and `output` are the recorded spikes of the layer before and of this one;
/// [`recorded`] must have accepted their sizes.
///
/// # Errors
/// If a pooled neuron has more or fewer spikes than the neurons that it merges.
///
/// # Panics
/// If a batch has other numbers of samples or neurons than the layer.
pub fn recorded_pooling<T: Real>(
    layer: usize,
    pooling: &SumPool2d,
    input: &SpikeBatch<T>,
    output: &SpikeBatch<T>,
) -> Result<Vec<usize>, EngineError> {
    let outputs = pooling.output_shape().neurons();
    let mut pooled_from = vec![0; output.spikes()];
    for sample in 0..input.samples() {
        let mut merged: Vec<Vec<usize>> = vec![Vec::new(); outputs];
        for event in input.range(sample) {
            let neuron = pooling.pooled(input.neurons()[event]);
            merged[neuron as usize].push(event);
        }
        let counts = output.counts(sample);
        for (merged, &found) in merged.iter().zip(&counts) {
            if merged.len() != found as usize {
                return Err(EngineError::Recorded {
                    layer,
                    what: "spikes of a pooled neuron (the layer must pool the spikes recorded before it)",
                    expected: merged.len(),
                    found: found as usize,
                });
            }
        }
        let mut next = vec![0; outputs];
        for event in output.range(sample) {
            let neuron = output.neurons()[event] as usize;
            pooled_from[event] = merged[neuron][next[neuron]];
            next[neuron] += 1;
        }
    }
    Ok(pooled_from)
}

/// Checks the lists that [`Session::set_time_gradients`] is given, for a pass with
/// `output_spikes` output events in `samples` samples.
///
/// # Errors
/// If there is not one gradient per output event, or there are predictions but not one per sample.
pub fn time_gradients<T: Real>(
    output_spikes: usize,
    samples: usize,
    d_times: &[T],
    predictions: &[Option<Label>],
) -> Result<(), EngineError> {
    length("gradients of output times", output_spikes, d_times.len())?;
    if predictions.is_empty() {
        return Ok(());
    }
    length("predictions", samples, predictions.len())
}

// Tensors and optimiser.

/// Checks tensors that a group of a session is to be overwritten with.
///
/// `weight_shapes` has the shape of each layer's weights, empty for a layer without weights; shape `[layers]`.
/// `optimiser` is the session's rule. That the session has such a group is the session's to check; see [`absent`].
///
/// # Errors
/// If a tensor is missing, has the wrong shape or a value that is not finite, a weight is too large, a mean square of the
/// optimiser's state is below 0, or there are tensors beyond those of the layers.
pub fn tensors<T: Real>(
    group: TensorGroup,
    tensors: &Tensors<T>,
    weight_shapes: &[Vec<usize>],
    optimiser: &Optimiser,
) -> Result<(), EngineError> {
    let refused = |problem| EngineError::Tensors {
        group: group.to_string(),
        problem,
    };
    let layers = weight_shapes.iter().enumerate();
    let mut known = Vec::new();
    for (layer, shape) in layers.filter(|(_, shape)| !shape.is_empty()) {
        let name = TensorName::weights(layer);
        let Some(tensor) = tensors.get(&name) else {
            return Err(refused(format!("the weights of layer {layer} are missing")));
        };
        let checked = match group {
            TensorGroup::Parameters | TensorGroup::Average => tensor.check_weights(shape),
            _ => tensor.check(shape),
        };
        checked.map_err(|source| misfit(group, layer, source))?;
        if is_second_moment(group, optimiser)
            && let Some(value) = tensor.as_slice().iter().find(|&&value| value < T::zero())
        {
            return Err(refused(format!(
                "layer {layer} has the mean square {value}, below 0"
            )));
        }
        known.push(name);
    }
    match tensors.keys().find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(unknown) => Err(refused(format!("there is no tensor `{unknown}` to write"))),
    }
}

/// Checks the weights of a session after a step.
///
/// # Errors
/// [`EngineError::Diverged`], or if the device fails.
pub fn weights<T: Real>(session: &mut dyn Session<T>) -> Result<(), EngineError> {
    if session.parameters_are_in_range()? {
        return Ok(());
    }
    let most = T::largest_weight().to_f64();
    Err(EngineError::Diverged { most })
}

fn is_second_moment(group: TensorGroup, optimiser: &Optimiser) -> bool {
    let names = optimiser.state_names();
    matches!(group, TensorGroup::OptimiserState(slot) if names.get(slot) == Some(&"second_moment"))
}

/// The error of a group of tensors that the session does not have.
pub fn absent(group: TensorGroup) -> EngineError {
    EngineError::Tensors {
        group: group.to_string(),
        problem: "this session has none".to_owned(),
    }
}

/// The error of a tensor that does not fit a layer.
pub fn misfit(group: TensorGroup, layer: usize, source: TensorError) -> EngineError {
    EngineError::Tensor {
        group: group.to_string(),
        layer,
        source,
    }
}

/// Checks a saved progress that a session with the rule `optimiser` is to continue from.
///
/// # Errors
/// If it belongs to another kind of optimiser, or its product of momenta is not from 0 to 1.
pub fn progress(optimiser: &Optimiser, progress: &OptimiserProgress) -> Result<(), EngineError> {
    let group = "the saved optimiser state".to_owned();
    let expected = optimiser.kind();
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

/// Checks the norm to clip a gradient to.
///
/// # Errors
/// If it is NaN, 0 or below 0.
pub fn max_norm(max_norm: f64) -> Result<(), EngineError> {
    if max_norm.is_nan() || max_norm <= 0.0 {
        return Err(EngineError::MaxNorm { max_norm });
    }
    Ok(())
}

/// Checks the rank of a session among `ranks` ranks.
///
/// # Errors
/// If there is no such rank.
pub fn rank(rank: usize, ranks: usize) -> Result<(), EngineError> {
    if rank >= ranks {
        return Err(EngineError::Shard { rank, ranks });
    }
    Ok(())
}

// Calls that come too early; those that need more of a pass are refused by `CurrentPass`.

/// The error of a call that needs samples when there are none yet. `call` is its name in backticks, as in
/// ``"`forward`"``.
pub fn no_samples(call: &'static str) -> EngineError {
    EngineError::Order {
        call,
        needs: "`load` or `select`",
    }
}

/// The error of a call that needs a forward pass when there is none. `call` is its name in backticks, as in
/// ``"`loss`"``.
pub fn no_pass(call: &'static str) -> EngineError {
    EngineError::Order {
        call,
        needs: "`forward`",
    }
}

/// The error of [`Session::input_time_gradients`] when no backward pass computed
/// them.
pub fn no_input_gradients() -> EngineError {
    EngineError::Order {
        call: "`input_time_gradients`",
        needs: "a pass with `input_gradients` and its `backward`",
    }
}
