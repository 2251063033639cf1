//! Cases with features that this version does not have.

use std::fmt;

use serde_json::Value;

/// The keys of a layer with neurons.
const NEURON_KEYS: [&str; 8] = [
    "kind", "weights", "tau_s", "tau_m", "theta", "reset", "cap", "t_max",
];

/// A case that cannot be replayed, since it has features that this version or the engine does not have.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsupported {
    /// What the case is called.
    pub case: String,
    /// What the version does not have, such as `layers of kind recurrent`.
    pub features: Vec<String>,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let features = self.features.join(", ");
        write!(
            formatter,
            "case {}, since this version has no {features}",
            self.case
        )
    }
}

/// The kinds of layers and the keys in a case that cannot be replayed, each once, in the order of the file.
pub(crate) fn missing_features(case: &Value) -> Vec<String> {
    let mut features = Vec::new();
    for layer in case["network"].as_array().into_iter().flatten() {
        let Some(kind) = layer["kind"].as_str() else {
            continue;
        };
        let known: &[&[&str]] = match kind {
            "dense" => &[&NEURON_KEYS],
            "conv" => &[&NEURON_KEYS, &["in_shape", "stride", "padding"]],
            "pool" => &[&["kind", "in_shape", "size"]],
            _ => {
                add(&mut features, format!("layers of kind {kind}"));
                &[&NEURON_KEYS]
            }
        };
        for key in layer.as_object().into_iter().flat_map(|layer| layer.keys()) {
            if !known.iter().any(|keys| keys.contains(&key.as_str())) {
                add(&mut features, format!("layers with {key}"));
            }
        }
    }
    features
}

fn add(features: &mut Vec<String>, feature: String) {
    if !features.contains(&feature) {
        features.push(feature);
    }
}
