//! Single neurons.

use super::numbers::{ERROR_COLUMNS, digits, error_cells, owned, percent, time};
use crate::precision::results::PrecisionResults;
use crate::precision::single_neurons::{INPUT_TIME, INPUTS, NeuronMeasurement, TIME_CONSTANTS};
use crate::study::{Section, Table};

/// The table of single neurons.
pub(super) fn section(results: &PrecisionResults) -> Section {
    let constants = TIME_CONSTANTS.iter();
    let constants = constants.map(|(tau_m, tau_s)| format!("{}/{}", time(*tau_m), time(*tau_s)));
    let constants: Vec<String> = constants.collect();
    let spikes = results.single_neurons.spikes.spikes;
    Section {
        title: "Single neurons".to_owned(),
        text: format!(
            "{} trains of random neurons with {INPUTS} inputs, each with one spike at a random time within {}, normally \
             distributed weights, tau_m/tau_s of {}, and a reset that is not the threshold; {spikes} spikes. The gradient \
             is that of the sum of a train's spike times by its weights: the exact one at the spikes that were simulated, \
             beside the exact one at the exact spikes. A train without a spike in one of the two has no angle. One neuron \
             alone does not amplify errors: this is the error of the method itself.",
            results.single_neurons.trains,
            time(INPUT_TIME),
            constants.join(", "),
        ),
        tables: vec![table(results)],
        charts: Vec::new(),
    }
}

fn table(results: &PrecisionResults) -> Table {
    let mut columns = owned(&["simulation"]);
    columns.extend(owned(&ERROR_COLUMNS));
    columns.extend(owned(&[
        "gradient: mean angle",
        "median angle",
        "norm ratio: median (10 % to 90 %)",
        "spikes without rise, %",
        "time per train",
    ]));
    let mut rows = vec![row("exact, f32".to_owned(), &results.single_neurons)];
    let steps = results.neurons.iter();
    rows.extend(
        steps.map(|(step, measured)| row(format!("steps of {}, f64", time(*step)), measured)),
    );
    Table {
        title: "Single neurons".to_owned(),
        columns,
        rows,
    }
}

fn row(name: String, measured: &NeuronMeasurement) -> Vec<String> {
    let gradients = &measured.gradients;
    let mut cells = vec![name];
    cells.extend(error_cells(&measured.spikes));
    cells.extend([
        format!(
            "{}° ± {}°",
            digits(gradients.angle),
            digits(gradients.angle_error)
        ),
        format!("{}°", digits(gradients.angle_median)),
        format!(
            "{} ({} to {})",
            digits(gradients.ratio),
            digits(gradients.ratio_low),
            digits(gradients.ratio_high)
        ),
        percent(measured.without_rise as f64, measured.spikes.spikes as f64),
        time(measured.seconds),
    ]);
    cells
}
