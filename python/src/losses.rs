//! What is minimised, and how classes are predicted.

use noctule_core::{
    CountSoftmax, EarlyPull, FirstSpike, Label, Loss, Prediction, SpikeCount, SpikeTime,
};
use numpy::{
    IntoPyArray, PyArray1, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray3,
    PyUntypedArrayMethods,
};
use pyo3::prelude::*;

use crate::errors::{Error, Result};
use crate::model::Dtype;
use crate::number::Number;
use crate::padded::unpad;
use crate::spikes::{SpikeArrays, slice};

/// A loss, as Python's classes describe themselves: its kind and its numbers.
pub type LossSpec = (String, Vec<f64>);

/// The loss of a description.
pub fn loss((kind, numbers): &LossSpec) -> Result<Loss> {
    Ok(match (kind.as_str(), &numbers[..]) {
        ("spike_count", &[target_true, target_false]) => Loss::from(SpikeCount {
            target_true,
            target_false,
        }),
        ("count_softmax", &[temperature]) => Loss::from(CountSoftmax { temperature }),
        ("first_spike", &[temperature, silent_time, strength, time]) => Loss::from(FirstSpike {
            temperature,
            silent_time,
            early_pull: (strength != 0.0).then_some(EarlyPull { strength, time }),
        }),
        ("spike_time", &[target_true, target_false, scale, silent_time]) => Loss::from(SpikeTime {
            target_true,
            target_false,
            scale,
            silent_time,
        }),
        _ => {
            return Err(Error::training(format!("there is no loss `{kind}`")));
        }
    })
}

/// The rule of a name.
pub fn prediction(name: &str) -> Result<Prediction> {
    match name {
        "most_spikes" => Ok(Prediction::MostSpikes),
        "first_spike" => Ok(Prediction::FirstSpike),
        _ => Err(Error::training(format!(
            "there is no prediction `{name}`: choose most_spikes or first_spike"
        ))),
    }
}

/// The predicted classes as Python has them: -1 where no output neuron spiked.
pub fn classes(predictions: &[Option<Label>]) -> Vec<i64> {
    let classes = predictions.iter();
    classes.map(|class| class.map_or(-1, i64::from)).collect()
}

/// The mean loss of a batch, `dL/dt` of its spikes, and the predicted classes.
#[pyfunction]
pub fn evaluate_loss<'py>(
    py: Python<'py>,
    description: LossSpec,
    output: SpikeArrays<'py>,
    labels: Vec<Label>,
    dtype: Dtype,
) -> Result<(f64, Bound<'py, PyAny>, Bound<'py, PyArray1<i64>>)> {
    match dtype {
        Dtype::Float32 => evaluate::<f32>(py, &description, &output, &labels),
        Dtype::Float64 => evaluate::<f64>(py, &description, &output, &labels),
    }
}

fn evaluate<'py, T: Number>(
    py: Python<'py>,
    description: &LossSpec,
    output: &SpikeArrays<'py>,
    labels: &[Label],
) -> Result<(f64, Bound<'py, PyAny>, Bound<'py, PyArray1<i64>>)> {
    let evaluation = loss(description)?.evaluate(&output.to_batch::<T>()?, labels)?;
    Ok((
        evaluation.loss,
        evaluation.d_times.into_pyarray(py).into_any(),
        classes(&evaluation.predictions).into_pyarray(py),
    ))
}

/// The mean loss of padded output times, and its gradient, which is 0 where there is no spike.
#[pyfunction]
pub fn evaluate_padded_loss<'py>(
    py: Python<'py>,
    description: LossSpec,
    padded: &Bound<'py, PyAny>,
    labels: &Bound<'py, PyAny>,
) -> Result<(f64, Bound<'py, PyAny>)> {
    let labels: PyReadonlyArray1<'_, i64> = labels.extract()?;
    let labels = slice(&labels)?.iter().map(|&label| label as Label);
    let labels: Vec<Label> = labels.collect();
    let loss = loss(&description)?;
    if let Ok(array) = padded.extract::<PyReadonlyArray3<'py, f32>>() {
        return padded_loss(py, &loss, &array, &labels);
    }
    match padded.extract::<PyReadonlyArray3<'py, f64>>() {
        Ok(array) => padded_loss(py, &loss, &array, &labels),
        Err(_) => Err(Error::array(
            "padded spike times must be a NumPy array [sample, neuron, spike] of float32 or float64",
        )),
    }
}

fn padded_loss<'py, T: Number>(
    py: Python<'py>,
    loss: &Loss,
    array: &PyReadonlyArray3<'py, T>,
    labels: &[Label],
) -> Result<(f64, Bound<'py, PyAny>)> {
    let shape = [array.shape()[0], array.shape()[1], array.shape()[2]];
    let (output, places) = unpad(slice(array)?, shape)?;
    let evaluation = loss.evaluate(&output, labels)?;
    let mut d_padded = vec![T::of(0.0); shape.iter().product()];
    for (&place, &d_time) in places.iter().zip(&evaluation.d_times) {
        d_padded[place as usize] = d_time;
    }
    let d_padded = d_padded.into_pyarray(py).reshape(shape)?;
    Ok((evaluation.loss, d_padded.into_any()))
}

/// The class that a rule predicts for each sample; -1 where no output neuron spiked.
#[pyfunction]
pub fn predict_classes<'py>(
    py: Python<'py>,
    rule: &str,
    output: SpikeArrays<'py>,
) -> Result<Bound<'py, PyArray1<i64>>> {
    let rule = prediction(rule)?;
    let output = output.to_batch::<f64>()?;
    let samples = 0..output.samples();
    let predictions: Vec<_> = samples
        .map(|sample| rule.of(output.sample(sample), output.population()))
        .collect();
    Ok(classes(&predictions).into_pyarray(py))
}
