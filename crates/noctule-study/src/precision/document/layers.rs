//! How the error grows with depth.

use super::charts;
use super::numbers::{ERROR_COLUMNS, digits, error_cells, owned, time};
use crate::precision::results::PrecisionResults;
use crate::precision::spike_errors::SpikeErrors;
use crate::precision::trained_measurement::NetworkResults;
use crate::study::{Section, Table};

/// The tables of errors by layer.
pub(super) fn section(results: &PrecisionResults) -> Section {
    Section {
        title: "Error by layer".to_owned(),
        text: "How far spikes of each layer are off, in f64, and by which factor the median error is that of the first \
               layer. Errors of one layer are input errors of the next. Bias: measured minus exact time, on average."
            .to_owned(),
        tables: results.networks.iter().map(table).collect(),
        charts: results.networks.iter().map(charts::error_by_layer).collect(),
    }
}

fn table(network: &NetworkResults) -> Table {
    let mut columns = owned(&["simulation", "layer", "spikes", "bias"]);
    columns.extend(owned(&ERROR_COLUMNS));
    columns.push("median, first layer = 1".to_owned());
    let mut rows = rows("exact, f32", network, &network.single.layers);
    for step in &network.steps {
        let name = format!("steps of {}", time(step.step));
        rows.extend(self::rows(&name, network, &step.double.layers));
    }
    Table {
        title: format!("Error by layer, {}", network.name),
        columns,
        rows,
    }
}

fn rows(name: &str, network: &NetworkResults, layers: &[SpikeErrors]) -> Vec<Vec<String>> {
    let first = layers.first().map_or(0.0, |errors| errors.median);
    let layers = network.layers.iter().zip(layers);
    let rows = layers.map(|(layer, errors)| {
        let mut cells = vec![
            name.to_owned(),
            layer.clone(),
            errors.spikes.to_string(),
            time(errors.bias),
        ];
        cells.extend(error_cells(errors));
        cells.push(if first > 0.0 {
            digits(errors.median / first)
        } else {
            String::new()
        });
        cells
    });
    rows.collect()
}
