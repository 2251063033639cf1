//! Gradients of trained networks.

use super::numbers::{digits, owned, percent, time};
use crate::precision::gradient_errors::GradientErrors;
use crate::precision::network_gradients::NetworkGradients;
use crate::precision::results::PrecisionResults;
use crate::precision::trained_measurement::NetworkResults;
use crate::study::{Section, Table};

/// The tables of gradients.
pub(super) fn section(results: &PrecisionResults) -> Section {
    Section {
        title: "Gradients at spikes that were simulated".to_owned(),
        text: "The exact engine computes the gradient of the training loss at the spikes of a simulation, as it does at \
               spikes that a chip recorded, and at its own. Angle between the two and ratio of their norms, over batches \
               of test samples; all weights of the network in one vector. With the bound on the inverse slope with which \
               the network was trained, and without: then a few spikes that barely reach the threshold decide. A spike at \
               which the model's potential does not rise has no gradient."
            .to_owned(),
        tables: results.networks.iter().map(table).collect(),
        charts: Vec::new(),
    }
}

fn table(network: &NetworkResults) -> Table {
    let columns = owned(&[
        "spikes",
        "batches",
        "angle, bounded",
        "norm ratio, bounded: median (10 % to 90 %)",
        "angle, unbounded",
        "norm ratio, unbounded: median (10 % to 90 %)",
        "spikes without rise, %",
    ]);
    let exact = network.single_gradients.iter();
    let mut rows: Vec<Vec<String>> = exact
        .map(|measured| row("exact, f32".to_owned(), measured))
        .collect();
    for step in &network.steps {
        let name = format!("steps of {}", time(step.step));
        rows.extend(
            step.gradients
                .iter()
                .map(|measured| row(name.clone(), measured)),
        );
    }
    Table {
        title: format!("Gradients, {}, batches of {}", network.name, network.batch),
        columns,
        rows,
    }
}

fn row(name: String, measured: &NetworkGradients) -> Vec<String> {
    let angle = |errors: &GradientErrors| {
        let spread = if errors.pairs > 1 {
            format!(" ± {}°", digits(errors.angle_error))
        } else {
            String::new()
        };
        format!("{}°{spread}", digits(errors.angle))
    };
    let ratio = |errors: &GradientErrors| {
        format!(
            "{} ({} to {})",
            digits(errors.ratio),
            digits(errors.ratio_low),
            digits(errors.ratio_high)
        )
    };
    vec![
        name,
        measured.bounded.pairs.to_string(),
        angle(&measured.bounded),
        ratio(&measured.bounded),
        angle(&measured.unbounded),
        ratio(&measured.unbounded),
        percent(measured.without_rise as f64, measured.spikes as f64),
    ]
}
