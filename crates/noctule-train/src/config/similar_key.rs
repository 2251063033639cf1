//! Which key somebody may have meant who wrote one that does not exist.

use noctule_data::spelling::closest;
use toml::{Table, Value};

use super::node::KIND;
use super::presets::PRESETS;

/// The preset that has nearly every key.
const EXAMPLE: &str = "mnist-count";

/// The path of a key that may be meant by `path`: one of the same name in another table of an experiment, or else one of
/// the keys that are `known` in its place.
pub(super) fn similar_key(path: &str, known: &[&'static str]) -> Option<String> {
    let (place, key) = match path.rsplit_once('.') {
        Some((table, key)) => (format!("{table}."), key),
        None => (String::new(), path),
    };
    let similar = || closest(key, known.iter().copied()).map(|key| format!("{place}{key}"));
    in_other_table(path, key).or_else(similar)
}

/// The path of a key of exactly this name, in another table of an experiment than the one where `path` leads.
fn in_other_table(path: &str, key: &str) -> Option<String> {
    let (_, text) = PRESETS.iter().find(|(name, _)| *name == EXAMPLE)?;
    let mut table: Table = text.parse().ok()?;
    table.remove(path.split('.').next().unwrap_or_default());
    find(&table, "", key).filter(|_| key != KIND)
}

fn find(table: &Table, prefix: &str, wanted: &str) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        let path = format!("{prefix}{key}");
        match value {
            Value::Table(inner) => find(inner, &format!("{path}."), wanted),
            Value::Array(values) => {
                let tables = values.iter().enumerate();
                let mut tables =
                    tables.filter_map(|(index, value)| Some((index, value.as_table()?)));
                tables.find_map(|(index, inner)| find(inner, &format!("{path}.{index}."), wanted))
            }
            _ => (key == wanted).then_some(path),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_and_misplaced_keys_are_found() {
        for (path, known, expected) in [
            ("layers.0.thta", ["theta", "reset"], Some("layers.0.theta")),
            ("optimizer", ["optimiser", "loss"], Some("optimiser")),
            ("epochs", ["name", "seed"], Some("training.epochs")),
            ("learning-rate", ["name", "seed"], None),
            (
                "training.learning_rate",
                ["epochs", "threads"],
                Some("optimiser.learning_rate"),
            ),
            ("neuron.theta", ["tau_m", "tau_s"], Some("layers.0.theta")),
            ("data.seed", ["set", "validation"], Some("seed")),
            // A key of another kind of the same table.
            ("optimiser.betas", ["kind", "momentum"], None),
            ("training.kind", ["epochs", "threads"], None),
        ] {
            assert_eq!(similar_key(path, &known).as_deref(), expected, "{path}");
        }
    }
}
