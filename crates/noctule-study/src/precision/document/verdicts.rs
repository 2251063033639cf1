//! The verdicts of the study.

use super::needed::Needed;
use super::numbers::{digits, percent, rare, time};
use crate::precision::results::PrecisionResults;
use crate::precision::spike_errors::{SpikeErrors, TARGET};
use crate::precision::trained_measurement::{NetworkResults, StepResults};
use crate::study::{Finding, Verdict};

/// The narrowest step that is common in training, in seconds.
const COMMON: f64 = 1e-4;
/// How many times as fast the exact engine is claimed to be.
const FACTOR: f64 = 100.0;

/// All verdicts.
pub(super) fn of(results: &PrecisionResults, needed: &[Needed]) -> Vec<Verdict> {
    vec![euler(results), exact(results), cost(needed)]
}

fn common_steps(network: &NetworkResults) -> impl Iterator<Item = &StepResults> {
    // A step is not written down exactly.
    network
        .steps
        .iter()
        .filter(|step| step.step > 0.99 * COMMON)
}

fn euler(results: &PrecisionResults) -> Verdict {
    let neurons = results
        .neurons
        .iter()
        .filter(|(step, _)| *step > 0.99 * COMMON);
    let mut medians: Vec<f64> = neurons
        .map(|(_, measured)| measured.spikes.median)
        .collect();
    let networks = results.networks.iter().flat_map(common_steps);
    medians.extend(networks.map(|step| step.double.all.median));
    let beyond = medians.iter().filter(|&&median| median > TARGET).count();
    let networks = results.networks.iter().map(|network| {
        let steps: Vec<String> = common_steps(network).map(step_in_words).collect();
        format!("{}: {}.", network.name, steps.join("; "))
    });
    let networks: Vec<String> = networks.collect();
    Verdict {
        subject: "imprecision of Euler".to_owned(),
        claim: "Simulation in steps of 5 ms to 0.1 ms is too imprecise for analog neuromorphic hardware, which needs spike \
                times to 1 us."
            .to_owned(),
        finding: Finding::of(beyond, medians.len()),
        evidence: format!(
            "The median spike is off by more than 1 us in {beyond} of {} comparisons. {} This is about spike times and \
             gradients: where the accuracy stays at that of the reference, as the table shows for narrow steps, a \
             classifier as such is not harmed.",
            medians.len(),
            networks.join(" ")
        ),
    }
}

fn step_in_words(step: &StepResults) -> String {
    let measured = &step.double;
    let (samples, errors) = (measured.samples, &measured.all);
    let gradient = step.gradients.map_or(String::new(), |gradients| {
        format!(", gradient {}° off", digits(gradients.bounded.angle))
    });
    format!(
        "at {} median {}, 99 % up to {}, {} missed, {} extra, accuracy {} % against {} %, {} of {samples} classes \
         changed{gradient}",
        time(step.step),
        time(errors.median),
        time(errors.high),
        rare(errors.missed, errors.spikes),
        rare(errors.extra, errors.spikes),
        percent(measured.correct as f64, samples as f64),
        percent(measured.reference_correct as f64, samples as f64),
        measured.changed,
    )
}

fn exact(results: &PrecisionResults) -> Verdict {
    let neurons = ("single neurons", &results.single_neurons.spikes);
    let networks = results.networks.iter();
    let networks = networks.map(|network| (network.name.as_str(), &network.single.all));
    let all: Vec<(&str, &SpikeErrors)> = [neurons].into_iter().chain(networks).collect();
    let precise = all
        .iter()
        .filter(|(_, errors)| errors.within >= 0.99)
        .count();
    let evidence = all.iter().map(|(name, errors)| {
        format!(
            "{name}: of {} spikes {:.3} % are within 1 us (median {}, 99 % up to {}, largest {}), {} missed, {} extra.",
            errors.spikes,
            100.0 * errors.within,
            time(errors.median),
            time(errors.high),
            time(errors.largest),
            rare(errors.missed, errors.spikes),
            rare(errors.extra, errors.spikes)
        )
    });
    let evidence: Vec<String> = evidence.collect();
    let classes = results.networks.iter().map(|network| {
        let gradient = network.single_gradients.map_or(String::new(), |gradients| {
            format!(", the gradient is {}° off", digits(gradients.bounded.angle))
        });
        format!(
            "{}: {} of {} classes changed{gradient}.",
            network.name, network.single.changed, network.single.samples
        )
    });
    let classes: Vec<String> = classes.collect();
    Verdict {
        subject: "precision of the exact engine".to_owned(),
        claim:
            "The exact engine in f32 gives at least 99 % of all spikes within 1 us of those in f64."
                .to_owned(),
        finding: Finding::of(precise, all.len()),
        evidence: format!("{} {}", evidence.join(" "), classes.join(" ")),
    }
}

fn cost(needed: &[Needed]) -> Verdict {
    let fast = needed
        .iter()
        .filter(|needed| needed.exact_error <= TARGET && needed.factor() >= FACTOR)
        .count();
    let evidence = needed.iter().map(|needed| {
        format!(
            "{}, {} within 1 us: steps of {} ({}), {} per sample; the exact engine takes {} (f32), which is {} times as \
             fast; with both in f64 it is {} times as fast.",
            needed.network,
            needed.criterion,
            time(needed.step.value),
            needed.step.source.words(),
            time(needed.seconds),
            time(needed.exact[0]),
            digits(needed.factor()),
            digits(needed.factor_in_double()),
        )
    });
    let evidence: Vec<String> = evidence.collect();
    Verdict {
        subject: "cost of precision".to_owned(),
        claim: format!(
            "The exact engine in f32, whose spikes are within 1 us, is at least {FACTOR} times as fast as simulation in the \
             steps that spikes within 1 us need."
        ),
        finding: Finding::of(fast, needed.len()),
        evidence: evidence.join(" "),
    }
}
