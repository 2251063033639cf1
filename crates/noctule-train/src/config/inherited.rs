//! Neuron constants that a layer need not repeat.

use toml::{Table, Value};

/// Removes from every layer what reading an experiment would fill in again.
pub(super) fn leave_out_inherited(table: &mut Table) {
    let shared = table.get("neuron").and_then(Value::as_table).cloned();
    let layers = table.get_mut("layers").and_then(Value::as_array_mut);
    for layer in layers.into_iter().flatten().filter_map(Value::as_table_mut) {
        for (key, value) in shared.iter().flatten() {
            if layer.get(key) == Some(value) {
                layer.remove(key);
            }
        }
        if layer.contains_key("reset") && layer.get("reset") == layer.get("theta") {
            layer.remove("reset");
        }
    }
}
