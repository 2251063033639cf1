//! The charts of the study.

use crate::precision::results::PrecisionResults;
use crate::precision::spike_errors::SpikeErrors;
use crate::precision::trained_measurement::NetworkResults;
use crate::study::{Axis, Chart, Series};

const STEP: &str = "step, s";

/// The median error over the step, on single neurons and in the first and last layer of the networks.
pub(super) fn error_over_step(results: &PrecisionResults) -> Chart {
    let neurons = results.neurons.iter();
    let neurons = neurons.map(|(step, measured)| (*step, measured.spikes.median));
    let mut series = vec![line("single neurons", neurons)];
    for network in &results.networks {
        let last = network.layers.len().saturating_sub(1);
        let mut shown = vec![0];
        if last > 0 {
            shown.push(last);
        }
        for layer in shown {
            let name = format!("{}, {}", network.name, network.layers[layer]);
            let steps = network.steps.iter();
            let median = |errors: &[SpikeErrors]| errors[layer].median;
            series.push(line(
                &name,
                steps.map(|step| (step.step, median(&step.double.layers))),
            ));
        }
        let exact = network.single.all.median;
        let name = format!("{}, exact engine in f32", network.name);
        series.push(line(
            &name,
            network.steps.iter().map(|step| (step.step, exact)),
        ));
    }
    Chart {
        name: "euler-error".to_owned(),
        title: "Error of spike times over the step".to_owned(),
        x: Axis::log(STEP),
        y: Axis::log("median error, s"),
        series,
    }
}

/// The accuracy over the step, in percent, beside that of the reference on the same samples.
pub(super) fn accuracy_over_step(results: &PrecisionResults) -> Chart {
    let mut series = Vec::new();
    for network in &results.networks {
        let percent = |correct: u64, samples: u64| 100.0 * correct as f64 / samples.max(1) as f64;
        // Of few samples an accuracy says little.
        let steps = network
            .steps
            .iter()
            .filter(|step| step.double.samples >= 100);
        let points = steps.clone().map(|step| &step.double);
        let mut euler = line(
            &format!("{}, in steps", network.name),
            steps
                .clone()
                .map(|step| (step.step, percent(step.double.correct, step.double.samples))),
        );
        euler.error = points
            .map(|measured| {
                let share = measured.correct as f64 / measured.samples.max(1) as f64;
                100.0 * (share * (1.0 - share) / measured.samples.max(1) as f64).sqrt()
            })
            .collect();
        series.push(euler);
        series.push(line(
            &format!("{}, exact on the same samples", network.name),
            steps.map(|step| {
                (
                    step.step,
                    percent(step.double.reference_correct, step.double.samples),
                )
            }),
        ));
    }
    Chart {
        name: "euler-accuracy".to_owned(),
        title: "Accuracy over the step".to_owned(),
        x: Axis::log(STEP),
        y: Axis::linear("test accuracy, %"),
        series,
    }
}

/// The error over the cost.
pub(super) fn error_over_cost(results: &PrecisionResults) -> Chart {
    let mut series = Vec::new();
    for network in &results.networks {
        let steps = network.steps.iter();
        let double = steps
            .clone()
            .map(|step| (step.double.seconds, step.double.all.median));
        let single = steps.map(|step| (step.single.seconds, step.single.all.median));
        let exact = (network.single.seconds, network.single.all.median);
        series.push(line(&format!("{}, in steps, f64", network.name), double));
        series.push(line(&format!("{}, in steps, f32", network.name), single));
        series.push(line(
            &format!("{}, exact, f32", network.name),
            [exact].into_iter(),
        ));
    }
    Chart {
        name: "euler-cost".to_owned(),
        title: "Error of spike times over the cost".to_owned(),
        x: Axis::log("seconds per sample"),
        y: Axis::log("median error, s"),
        series,
    }
}

/// The error of each layer of a network, for each step.
pub(super) fn error_by_layer(network: &NetworkResults) -> Chart {
    let medians = |layers: &[SpikeErrors]| -> Vec<(f64, f64)> {
        let layers = layers.iter().enumerate();
        layers
            .map(|(index, errors)| (index as f64 + 1.0, errors.median))
            .collect()
    };
    let steps = network.steps.iter().map(|step| {
        let name = format!("steps of {}", super::numbers::time(step.step));
        line(&name, medians(&step.double.layers).into_iter())
    });
    let mut series: Vec<Series> = steps.collect();
    series.push(line(
        "exact, f32",
        medians(&network.single.layers).into_iter(),
    ));
    Chart {
        name: format!("error-by-layer-{}", network.name),
        title: format!("Error of spike times by layer, {}", network.name),
        x: Axis::linear("spiking layer, from the input"),
        y: Axis::log("median error, s"),
        series,
    }
}

fn line(name: &str, points: impl Iterator<Item = (f64, f64)>) -> Series {
    let (x, y) = points.unzip();
    Series {
        name: name.to_owned(),
        x,
        y,
        error: Vec::new(),
    }
}
