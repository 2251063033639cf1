//! From results to a document: tables, charts and verdicts.

mod charts;
mod comparison;
mod gradients;
mod layers;
mod needed;
mod neurons;
mod numbers;
mod verdicts;

use super::results::PrecisionResults;
use crate::study::{Provenance, StudyDocument};
use needed::Needed;
use numbers::time;

/// The document of the study; provenance is left to the caller.
pub(super) fn document(results: &PrecisionResults) -> StudyDocument {
    let needed: Vec<Needed> = results.networks.iter().flat_map(needed::of).collect();
    let mut sections = vec![comparison::section(results)];
    sections.push(needed::section(&needed));
    sections.push(neurons::section(results));
    sections.push(layers::section(results));
    sections.push(gradients::section(results));
    StudyDocument {
        study: "precision".to_owned(),
        title: "Precision: simulation in time steps beside the exact engine".to_owned(),
        summary: summary(results),
        provenance: Provenance {
            seconds: results.seconds,
            ..Provenance::default()
        },
        verdicts: verdicts::of(results, &needed),
        sections,
    }
}

fn summary(results: &PrecisionResults) -> String {
    let steps = results.neurons.iter().map(|&(step, _)| time(step));
    let steps: Vec<String> = steps.collect();
    let networks = results.networks.iter().map(|network| network.name.as_str());
    let networks: Vec<&str> = networks.collect();
    let [single, double] = results.threads;
    let threads = if single == double {
        format!("{single}")
    } else {
        format!("{single} (f32) and {double} (f64)")
    };
    format!(
        "Which step does a simulation need for spike times within 1 us, and what does it cost? Euler's forward method with \
         steps of {} and the exact engine in f32 are compared with the exact engine in f64, on random single neurons and \
         on trained networks ({}). The f64 engine is the reference; elsewhere it is checked against independent references \
         to 1e-12 of a time constant. Spikes of a neuron are paired in order, one to one, as many as possible, with the \
         least sum of distances; the others are missed or extra. Costs are for simulating alone, with the same number of \
         threads for all: {threads}. In the simulation in steps, input spikes arrive at the nearest boundary of steps and \
         spikes of a layer at their own time, the most accurate of the usual conventions; it uses the widest vector \
         instructions of the processor, keeps neurons in registers between arrivals, and skips a layer until its first \
         event.",
        steps.join(", "),
        networks.join(", "),
    )
}
