//! From a `CubaLIF` to the constants of neurons, and to what their weights are worth.

use noctule_core::{LayerError, LifParameters};

use super::connection::refuse_first;
use super::error::ImportError;
use super::options::ImportOptions;
use super::population::Population;
use crate::convention::Spike;
use crate::export::neurons::evaluated;
use crate::graph::Node;
use crate::graph::array::Array;
use crate::graph::nodes::CubaLif;
use crate::keys;
use crate::layout::{from_nir, places_in_nir};

const POSITIVE: &str = "a positive, finite number";

/// The neurons of a layer.
pub(super) struct Neurons {
    /// The constants of each neuron, in the order of Noctule.
    pub constants: Vec<LifParameters>,
    /// What the weights of each neuron are multiplied by.
    pub factors: Vec<f64>,
    /// The fraction of the inputs that are dropped in training.
    pub dropout: f64,
    /// Whether nobody said how many spikes a neuron has at most.
    pub assumed_max_spikes: bool,
}

/// The neurons of a node, which form this population.
pub(super) fn neurons(
    name: &str,
    node: &Node,
    lif: &CubaLif,
    population: Population,
    options: &ImportOptions,
    spike: Spike,
) -> Result<Neurons, ImportError> {
    let fields = Fields { name, population };
    let tau_s = fields.positive("tau_syn", &lif.tau_syn)?;
    let tau_m = fields.positive("tau_mem", &lif.tau_mem)?;
    let rule = "0: the potential of Noctule's neurons rests at 0";
    refuse_first(name, "v_leak", &lif.v_leak, |value| value == 0.0, rule)?;
    fields.numbers("v_leak", &lif.v_leak)?;
    let thresholds = fields.positive("v_threshold", &lif.v_threshold)?;
    let resets = fields.or("v_reset", lif.v_reset.as_ref(), 0.0)?;
    let r = fields.numbers("r", &lif.r)?;
    let w_in = fields.or("w_in", lif.w_in.as_ref(), 1.0)?;
    let number = |key| node.metadata.get(key).and_then(|value| value.as_number());
    let t_max = options.t_max.or_else(|| number(keys::T_MAX));
    let t_max = t_max.ok_or_else(|| ImportError::EndOfSample {
        node: name.to_owned(),
    })?;
    // Out of range it becomes 0, which is refused.
    let kept = number(keys::MAX_SPIKES).map(|most| most as u32);
    let max_spikes = options.max_spikes.or(kept);
    let dropout = number(keys::DROPOUT).unwrap_or(0.0);
    if !(0.0..1.0).contains(&dropout) {
        // Here, since thresholds are computed with it before a layer is made.
        return Err(ImportError::Layer {
            node: name.to_owned(),
            source: LayerError::Dropout { share: dropout },
        });
    }
    let count = tau_s.len();
    let constants = (0..count).map(|neuron| LifParameters {
        tau_m: tau_m[neuron],
        tau_s: tau_s[neuron],
        theta: thresholds[neuron] * (1.0 - dropout),
        reset: (thresholds[neuron] - resets[neuron]) * (1.0 - dropout),
        max_spikes: max_spikes.unwrap_or(ImportOptions::MAX_SPIKES),
        t_max,
    });
    let mut constants: Vec<LifParameters> = constants.collect();
    fields.check_resets(lif, &constants)?;
    if let Some(kept) = kept_constants(node, &fields, &constants) {
        let agrees = |neuron: usize| {
            let evaluated = evaluated(&kept[neuron], dropout);
            evaluated.theta == thresholds[neuron]
                && evaluated.theta - evaluated.reset == resets[neuron]
        };
        // Else somebody changed the arrays, and they count.
        if (0..count).all(agrees) {
            constants = kept;
        }
    }
    let factors = (0..count)
        .map(|neuron| spike.factor(tau_m[neuron], tau_s[neuron], r[neuron], w_in[neuron]))
        .collect();
    Ok(Neurons {
        constants,
        factors,
        dropout,
        assumed_max_spikes: max_spikes.is_none(),
    })
}

/// The constants with `theta` and `reset` as Noctule kept them.
fn kept_constants(
    node: &Node,
    fields: &Fields<'_>,
    constants: &[LifParameters],
) -> Option<Vec<LifParameters>> {
    let array = |key| node.metadata.get(key)?.to_array();
    let thetas = fields.ordered(&array(keys::THETA)?)?;
    let resets = fields.ordered(&array(keys::RESET)?)?;
    let both = thetas.into_iter().zip(resets);
    let kept = constants.iter().zip(both);
    let kept = kept.map(|(constants, (theta, reset))| LifParameters {
        theta,
        reset,
        ..*constants
    });
    Some(kept.collect())
}

/// The arrays of a node.
struct Fields<'a> {
    name: &'a str,
    population: Population,
}

impl Fields<'_> {
    /// The numbers of an array, one for each neuron in the order of Noctule; `None` if the shape does not fit.
    fn ordered(&self, array: &Array) -> Option<Vec<f64>> {
        let values = array.broadcast(&self.population.nir_shape())?;
        Some(from_nir(self.population.shape, &values))
    }

    fn numbers(&self, field: &'static str, array: &Array) -> Result<Vec<f64>, ImportError> {
        refuse_first(
            self.name,
            field,
            array,
            |value| value.is_finite(),
            "a finite number",
        )?;
        self.ordered(array).ok_or_else(|| ImportError::Shape {
            node: self.name.to_owned(),
            field,
            found: array.shape().to_vec(),
            expected: format!("{:?}", self.population.nir_shape()),
        })
    }

    fn positive(&self, field: &'static str, array: &Array) -> Result<Vec<f64>, ImportError> {
        let accepts = |value: f64| value.is_finite() && value > 0.0;
        refuse_first(self.name, field, array, accepts, POSITIVE)?;
        self.numbers(field, array)
    }

    fn or(
        &self,
        field: &'static str,
        array: Option<&Array>,
        default: f64,
    ) -> Result<Vec<f64>, ImportError> {
        match array {
            Some(array) => self.numbers(field, array),
            None => Ok(vec![default; self.population.shape.neurons()]),
        }
    }

    /// Checks that a spike lowers the potential.
    fn check_resets(&self, lif: &CubaLif, constants: &[LifParameters]) -> Result<(), ImportError> {
        let mut constants = constants.iter();
        let Some(neuron) = constants.position(|constants| constants.reset <= 0.0) else {
            return Ok(());
        };
        let place = places_in_nir(self.population.shape)
            .nth(neuron)
            .unwrap_or(0);
        let array = lif
            .v_reset
            .as_ref()
            .and_then(|array| array.broadcast(&self.population.nir_shape()));
        let array = array.and_then(|values| Array::new(&self.population.nir_shape(), values));
        Err(ImportError::Value {
            node: self.name.to_owned(),
            field: "v_reset",
            index: array
                .as_ref()
                .map_or(Vec::new(), |array| array.index_of(place)),
            value: array.map_or(0.0, |array| array.values()[place]),
            rule: "below v_threshold: a spike lowers the potential",
        })
    }
}
