//! Gradients of a case: in the shapes of the file, and compared with what is expected.

use noctule_core::{Network, ParameterKind, Real, Tensor, TensorName, Tensors};
use serde_json::{Map, Value};

use crate::cases::Expected;
use crate::error::Reason;
use crate::verdict::{Problem, Tolerances, Verdict};

/// What a backward pass found.
pub(super) struct Found<T> {
    pub tensors: Tensors<T>,
    pub input_times: Vec<f64>,
    pub spikes_without_rise: u64,
}

impl<T: Real> Found<T> {
    /// The name of the first gradient that is NaN or infinite.
    pub fn not_finite(&self) -> Option<String> {
        let mut tensors = self.tensors.iter();
        if let Some((name, _)) = tensors.find(|(_, tensor)| !tensor.is_finite()) {
            return Some(describe(name.layer, name.kind.name()));
        }
        let finite = self.input_times.iter().all(|gradient| gradient.is_finite());
        (!finite).then(|| INPUT_TIMES.to_owned())
    }

    /// For each layer the gradient of its weights, or null.
    pub fn weights(&self, network: &Network<T>) -> Value {
        let layers = 0..network.layers().len();
        let of_layer = |layer| self.tensors.get(&TensorName::weights(layer));
        layers
            .map(|layer| of_layer(layer).map_or(Value::Null, nested))
            .collect()
    }

    /// For each layer its gradients by name, or null if it has no parameters.
    pub fn named(&self, network: &Network<T>) -> Value {
        let layers = 0..network.layers().len();
        let of_layer = |layer| {
            let tensors = self.tensors.iter().filter(|(name, _)| name.layer == layer);
            let named: Map<String, Value> = tensors
                .map(|(name, tensor)| (name.kind.name().to_owned(), nested(tensor)))
                .collect();
            if named.is_empty() {
                Value::Null
            } else {
                Value::Object(named)
            }
        };
        layers.map(of_layer).collect()
    }
}

const INPUT_TIMES: &str = "the input times";

/// Compares all gradients that are expected.
pub(super) fn compare_gradients<T: Real>(
    expected: &Expected,
    network: &Network<T>,
    found: &Found<T>,
    allowed: Tolerances,
    verdict: &mut Verdict,
) -> Result<(), Reason> {
    let layers = network.layers().len();
    let allowed = allowed.gradients;
    if let Some(expected) = &expected.weight_gradients {
        check_length("list of weight_gradients", expected.len(), layers)?;
        for (layer, expected) in expected.iter().enumerate() {
            let tensor = found.tensors.get(&TensorName::weights(layer));
            let what = describe(layer, ParameterKind::Weights.name());
            if !expected.is_null() || tensor.is_some() {
                compare_tensor(what, tensor, expected, allowed, verdict)?;
            }
        }
    }
    if let Some(expected) = &expected.gradients {
        check_length("list of gradients", expected.len(), layers)?;
        for (layer, expected) in expected.iter().enumerate() {
            for (name, expected) in expected.iter().flatten() {
                let mut tensors = found.tensors.iter();
                let tensor = tensors.find(|(key, _)| key.layer == layer && key.kind.name() == name);
                // Other names may be of gradients that are not computed yet.
                if tensor.is_some() || name == ParameterKind::Weights.name() {
                    let tensor = tensor.map(|(_, tensor)| tensor);
                    compare_tensor(describe(layer, name), tensor, expected, allowed, verdict)?;
                }
            }
        }
    }
    if let Some(expected) = &expected.input_time_gradient {
        let events = found.input_times.len();
        check_length("input_time_gradient", expected.len(), events)?;
        let what = INPUT_TIMES.to_owned();
        verdict.compare_gradient(what, &found.input_times, expected, allowed);
    }
    if let Some(expected) = expected.spikes_without_rise
        && expected != found.spikes_without_rise
    {
        verdict.problems.push(Problem::WithoutRise {
            found: found.spikes_without_rise,
            expected,
        });
    }
    Ok(())
}

fn describe(layer: usize, name: &str) -> String {
    format!("the {name} of layer {layer}")
}

fn check_length(what: &str, found: usize, needed: usize) -> Result<(), Reason> {
    if found == needed {
        return Ok(());
    }
    Err(Reason::Expected {
        what: what.to_owned(),
        shape: vec![needed],
    })
}

fn compare_tensor<T: Real>(
    what: String,
    found: Option<&Tensor<T>>,
    expected: &Value,
    allowed: f64,
    verdict: &mut Verdict,
) -> Result<(), Reason> {
    let Some(found) = found else {
        verdict.problems.push(Problem::Missing { what });
        return Ok(());
    };
    let mut numbers = Vec::with_capacity(found.len());
    if !flatten(expected, found.shape(), &mut numbers) {
        return Err(Reason::Expected {
            what: format!("gradient of {what}"),
            shape: found.shape().to_vec(),
        });
    }
    let values = found.as_slice().iter();
    let values: Vec<f64> = values.map(|&value| value.to_f64()).collect();
    verdict.compare_gradient(what, &values, &numbers, allowed);
    Ok(())
}

/// Appends the numbers of nested lists; returns whether the lists have this shape and hold numbers only.
fn flatten(value: &Value, shape: &[usize], numbers: &mut Vec<f64>) -> bool {
    let Some((&length, inner)) = shape.split_first() else {
        let number = value.as_f64();
        numbers.extend(number);
        return number.is_some();
    };
    let Some(items) = value.as_array().filter(|items| items.len() == length) else {
        return false;
    };
    items.iter().all(|item| flatten(item, inner, numbers))
}

/// A tensor as nested lists.
fn nested<T: Real>(tensor: &Tensor<T>) -> Value {
    let values = tensor.as_slice().iter();
    let mut values: Vec<Value> = values.map(|&value| Value::from(value.to_f64())).collect();
    for &length in tensor.shape().iter().skip(1).rev() {
        values = values
            .chunks(length.max(1))
            .map(<[Value]>::to_vec)
            .map(Value::from)
            .collect();
    }
    Value::from(values)
}
