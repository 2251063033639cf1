//! The one table: steps beside the exact engine, with error, accuracy and cost.

use super::charts;
use super::numbers::{ERROR_COLUMNS, digits, error_cells, owned, percent, time};
use crate::precision::network_measurement::NetworkMeasurement;
use crate::precision::results::PrecisionResults;
use crate::precision::trained_measurement::NetworkResults;
use crate::study::{Section, Table};

/// The tables of all networks and the charts of accuracy and cost.
pub(super) fn section(results: &PrecisionResults) -> Section {
    Section {
        title: "Steps beside the exact engine: error, accuracy, cost".to_owned(),
        text: "Test samples of the trained networks. Errors are those of all spikes of all layers, against the exact \
               engine in f64. Narrow steps are measured on fewer samples, the first of the test set; so the accuracy \
               stands beside that of the reference on the same samples. Classes changed: samples in which the simulation \
               predicts another class than the reference. Cost: the median over groups of samples."
            .to_owned(),
        tables: results.networks.iter().map(table).collect(),
        charts: vec![
            charts::error_over_step(results),
            charts::accuracy_over_step(results),
            charts::error_over_cost(results),
        ],
    }
}

fn table(network: &NetworkResults) -> Table {
    let mut columns = owned(&[
        "simulation",
        "samples",
        "accuracy, %",
        "reference, %",
        "classes changed",
    ]);
    columns.extend(owned(&ERROR_COLUMNS));
    columns.extend(owned(&["time per sample", "cost, exact f32 = 1"]));
    let unit = network.single.seconds;
    let mut rows = vec![
        row("exact, f64 (reference)".to_owned(), &network.double, unit),
        row("exact, f32".to_owned(), &network.single, unit),
    ];
    for step in &network.steps {
        let name = |precision: &str| format!("steps of {}, {precision}", time(step.step));
        rows.push(row(name("f64"), &step.double, unit));
        rows.push(row(name("f32"), &step.single, unit));
    }
    Table {
        title: format!("{}, {}", network.name, network.layers.join(", ")),
        columns,
        rows,
    }
}

fn row(name: String, measured: &NetworkMeasurement, unit: f64) -> Vec<String> {
    let samples = measured.samples as f64;
    let mut cells = vec![
        name,
        measured.samples.to_string(),
        percent(measured.correct as f64, samples),
        percent(measured.reference_correct as f64, samples),
        measured.changed.to_string(),
    ];
    cells.extend(error_cells(&measured.all));
    cells.push(time(measured.seconds));
    cells.push(digits(measured.seconds / unit));
    cells
}
