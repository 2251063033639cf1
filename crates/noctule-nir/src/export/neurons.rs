//! From the neurons of a layer to a `CubaLIF`.

use noctule_core::{LifParameters, Real, Shape, SpikingLayer};

use crate::convention::Spike;
use crate::graph::array::Array;
use crate::graph::metadata::{Metadata, Value};
use crate::graph::nodes::CubaLif;
use crate::graph::{Node, NodeKind};
use crate::keys;
use crate::layout::to_nir;

/// The neurons of a layer in evaluation, which form a population of shape `shape`, called `nir_shape` in NIR.
///
/// A neuron spikes exactly at `theta`, so that to subtract `reset` is to go to `theta - reset`.
pub(super) fn node<T: Real>(
    layer: &SpikingLayer<T>,
    shape: Shape,
    nir_shape: &[usize],
    spike: Spike,
) -> Node {
    let own: Vec<LifParameters> = (0..layer.outputs())
        .map(|neuron| layer.neuron_parameters(neuron))
        .collect();
    let evaluated = own.iter().map(|own| evaluated(own, layer.dropout()));
    let evaluated: Vec<LifParameters> = evaluated.collect();
    let array = |value: &dyn Fn(&LifParameters) -> f64, neurons: &[LifParameters]| {
        let values: Vec<f64> = neurons.iter().map(value).collect();
        let values = to_nir(shape, &values);
        Array::new(nir_shape, values).unwrap_or_else(|| Array::zeros(0))
    };
    let inputs = |neuron: &LifParameters| spike.resistance_and_input(neuron.tau_m, neuron.tau_s);
    let neurons = CubaLif {
        tau_syn: array(&|neuron| neuron.tau_s, &evaluated),
        tau_mem: array(&|neuron| neuron.tau_m, &evaluated),
        r: array(&|neuron| inputs(neuron).0, &evaluated),
        v_leak: array(&|_| 0.0, &evaluated),
        v_threshold: array(&|neuron| neuron.theta, &evaluated),
        v_reset: Some(array(&|neuron| neuron.theta - neuron.reset, &evaluated)),
        w_in: Some(array(&|neuron| inputs(neuron).1, &evaluated)),
    };
    let mut metadata = Metadata::new();
    let mut keep = |key: &str, value| metadata.insert(key.to_owned(), value);
    keep(
        keys::MAX_SPIKES,
        Value::Integer(layer.neuron().max_spikes.into()),
    );
    keep(keys::T_MAX, Value::number(layer.neuron().t_max));
    if layer.dropout() > 0.0 {
        keep(keys::DROPOUT, Value::number(layer.dropout()));
    }
    // What the arrays say with a rounding only.
    if layer.dropout() > 0.0 || own.iter().any(|own| own.reset != own.theta) {
        keep(
            keys::THETA,
            Value::Numbers(array(&|neuron| neuron.theta, &own)),
        );
        keep(
            keys::RESET,
            Value::Numbers(array(&|neuron| neuron.reset, &own)),
        );
    }
    let kind = NodeKind::CubaLif(neurons);
    Node { kind, metadata }
}

/// The constants of a neuron in evaluation, in a layer that drops the fraction `dropout` of its inputs in training.
pub(crate) fn evaluated(own: &LifParameters, dropout: f64) -> LifParameters {
    match dropout {
        0.0 => *own,
        _ => own.evaluated_with_dropout(dropout),
    }
}
