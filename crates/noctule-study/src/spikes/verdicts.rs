//! The verdicts of the study.

use super::noise::trained_size;
use super::outcome::{ConvergenceOutcome, Measured, NoiseKind, SpikesOutcomes};
use super::plan::{SideName, SpikesPlan};
use crate::statistics::{mean, standard_error};
use crate::study::{Finding, Verdict};

/// By how much a measure may be worse and still count as comparable.
#[derive(Clone, Copy, PartialEq)]
enum Comparable {
    /// An accuracy: larger is better, and half a point less is comparable.
    Accuracy,
    /// A loss of accuracy or a share: smaller is better, and a point more is comparable.
    Share,
    /// A count or a time: smaller is better, and a tenth more is comparable.
    Amount,
}

/// Both sides of a pair in one measure.
struct Comparison {
    many: Vec<f64>,
    one: Vec<f64>,
    comparable: Comparable,
}

impl Comparison {
    /// Whether many spikes are on average better, or comparable.
    fn is_better_or_comparable(&self) -> bool {
        let (many, one) = (mean(&self.many), mean(&self.one));
        match self.comparable {
            Comparable::Accuracy => many >= one - 0.005,
            Comparable::Share => many <= one + 0.01,
            Comparable::Amount => many <= 1.1 * one,
        }
    }

    fn is_complete(&self) -> bool {
        !self.many.is_empty() && !self.one.is_empty()
    }
}

/// The measured values of one side of a pair.
fn of_side<T>(
    outcomes: &SpikesOutcomes,
    pair: usize,
    side: SideName,
    of: &dyn Fn(&Measured) -> Option<T>,
) -> Vec<T> {
    let of_pair =
        |outcome: &&super::outcome::SideOutcome| outcome.pair == pair && outcome.side == side;
    let sides = outcomes.sides.iter().filter(of_pair);
    sides.filter_map(|outcome| of(&outcome.measured)).collect()
}

fn comparison(
    outcomes: &SpikesOutcomes,
    pair: usize,
    comparable: Comparable,
    of: &dyn Fn(&Measured) -> Option<f64>,
) -> Comparison {
    Comparison {
        many: of_side(outcomes, pair, SideName::Many, of),
        one: of_side(outcomes, pair, SideName::One, of),
        comparable,
    }
}

/// A mean with its standard error.
pub(super) fn with_error(values: &[f64], factor: f64, digits: usize) -> String {
    if values.is_empty() {
        return "-".to_owned();
    }
    let (mean, error) = (factor * mean(values), factor * standard_error(values));
    format!("{mean:.digits$} ± {error:.digits$}")
}

/// A verdict from one comparison for each pair; `unit` is the factor, the digits and the name of the unit.
fn verdict(
    plan: &SpikesPlan,
    (subject, claim): (&str, &str),
    (factor, digits, unit): (f64, usize, &str),
    compare: &dyn Fn(usize) -> Comparison,
) -> Verdict {
    let mut evidence = Vec::new();
    let mut holding = 0;
    for (index, pair) in plan.pairs.iter().enumerate() {
        let comparison = compare(index);
        if !comparison.is_complete() {
            evidence.push(format!("{}: not reached on both sides", pair.name));
            continue;
        }
        holding += usize::from(comparison.is_better_or_comparable());
        evidence.push(format!(
            "{}: {} {unit} with many spikes, {} {unit} with one ({} and {} networks)",
            pair.name,
            with_error(&comparison.many, factor, digits),
            with_error(&comparison.one, factor, digits),
            comparison.many.len(),
            comparison.one.len(),
        ));
    }
    Verdict {
        subject: subject.to_owned(),
        claim: claim.to_owned(),
        finding: Finding::of(holding, plan.pairs.len()),
        evidence: format!("{}.", evidence.join("; ")),
    }
}

/// All verdicts.
pub(super) fn verdicts(plan: &SpikesPlan, outcomes: &SpikesOutcomes) -> Vec<Verdict> {
    let compare = |comparable, of: &dyn Fn(&Measured) -> Option<f64>, pair| {
        comparison(outcomes, pair, comparable, of)
    };
    let accuracy = |measured: &Measured| Some(measured.accuracy);
    let first_epoch = |measured: &Measured| measured.validation.first().copied();
    let hidden = |measured: &Measured| measured.hidden_spikes();
    let last = |measured: &Measured| Some(measured.in_inputs(measured.mean_final?));
    vec![
        verdict(
            plan,
            (
                "accuracy",
                "Networks of many spikes reach a test accuracy that is better or comparable.",
            ),
            (100.0, 2, "%"),
            &|pair| compare(Comparable::Accuracy, &accuracy, pair),
        ),
        verdict(
            plan,
            (
                "convergence",
                "After one epoch, networks of many spikes have a validation accuracy that is better or comparable.",
            ),
            (100.0, 2, "%"),
            &|pair| compare(Comparable::Accuracy, &first_epoch, pair),
        ),
        of_convergence(&outcomes.convergence),
        verdict(
            plan,
            (
                "sparsity",
                "Hidden neurons of networks of many spikes spike as rarely as those of networks of one spike.",
            ),
            (1.0, 2, "spikes a neuron"),
            &|pair| compare(Comparable::Amount, &hidden, pair),
        ),
        verdict(
            plan,
            (
                "latency",
                "The decision of networks of many spikes becomes final as early, in durations of the input since its beginning.",
            ),
            (1.0, 2, "durations"),
            &|pair| compare(Comparable::Amount, &last, pair),
        ),
        of_dead_neurons(plan, outcomes),
        of_noise(plan, outcomes),
    ]
}

fn of_convergence(outcomes: &[ConvergenceOutcome]) -> Verdict {
    let of = |side, published| {
        let is_it =
            |outcome: &&ConvergenceOutcome| outcome.side == side && outcome.published == published;
        outcomes.iter().find(is_it)
    };
    let mut evidence = Vec::new();
    let mut holding = 0;
    for (published, form) in [(false, "our form"), (true, "the published form")] {
        if let (Some(many), Some(one)) =
            (of(SideName::Many, published), of(SideName::One, published))
        {
            holding += usize::from(many.solved >= one.solved);
            evidence.push(format!(
                "{form}: {:.2} % of {} runs solved ({:.2} % accuracy) with many spikes, {:.2} % of {} ({:.2} %) with one",
                100.0 * many.solved,
                many.runs,
                100.0 * many.accuracy,
                100.0 * one.solved,
                one.runs,
                100.0 * one.accuracy,
            ));
        }
    }
    Verdict {
        subject: "convergence experiment".to_owned(),
        claim: "Networks of many spikes learn to tell two orders of spikes apart from more initial weights.".to_owned(),
        finding: Finding::of(holding, evidence.len().max(1)),
        evidence: format!("{}.", evidence.join("; ")),
    }
}

fn of_dead_neurons(plan: &SpikesPlan, outcomes: &SpikesOutcomes) -> Verdict {
    let shares = |pair, side| -> Vec<f64> {
        let dead = outcomes.dead.iter();
        dead.filter(|dead| dead.pair == pair && dead.side == side)
            .filter_map(|dead| dead.dead)
            .collect()
    };
    let mut verdict = verdict(
        plan,
        (
            "dead neurons",
            "Over three decades of initial weights, networks of many spikes have no more dead hidden neurons.",
        ),
        (100.0, 1, "%"),
        &|pair| {
            // The scales are the same on both sides, so the mean alone is compared; a training that diverged does not count.
            let mean_of = |side| match shares(pair, side) {
                shares if shares.is_empty() => Vec::new(),
                shares => vec![mean(&shares)],
            };
            Comparison {
                many: mean_of(SideName::Many),
                one: mean_of(SideName::One),
                comparable: Comparable::Share,
            }
        },
    );
    verdict.evidence = format!(
        "Mean over {} scales, one seed each. {}",
        plan.dead_scales.len(),
        verdict.evidence
    );
    verdict
}

/// Compares how much accuracy is lost at the middle size of each noise.
fn of_noise(plan: &SpikesPlan, outcomes: &SpikesOutcomes) -> Verdict {
    let mut evidence = Vec::new();
    let (mut holding, mut all) = (0, 0);
    for (index, pair) in plan.pairs.iter().enumerate() {
        for kind in NoiseKind::ALL {
            let size = trained_size(plan, kind);
            let losses = |side| {
                let exact = of_side(outcomes, index, side, &|measured| Some(measured.accuracy));
                let noisy = outcomes.noise.iter().filter(|noise| {
                    (noise.pair, noise.side, noise.kind) == (index, side, kind)
                        && noise.size == size
                        && !noise.trained
                });
                let pairs = exact.iter().zip(noisy);
                pairs
                    .map(|(exact, noise)| exact - noise.accuracy)
                    .collect::<Vec<f64>>()
            };
            let comparison = Comparison {
                many: losses(SideName::Many),
                one: losses(SideName::One),
                comparable: Comparable::Share,
            };
            if !comparison.is_complete() {
                continue;
            }
            all += 1;
            holding += usize::from(comparison.is_better_or_comparable());
            evidence.push(format!(
                "{}, {} {size}: {} points with many spikes, {} with one",
                pair.name,
                kind.words(),
                with_error(&comparison.many, 100.0, 2),
                with_error(&comparison.one, 100.0, 2),
            ));
        }
    }
    Verdict {
        subject: "robustness".to_owned(),
        claim: "Under noise at test time, networks of many spikes lose no more accuracy."
            .to_owned(),
        finding: Finding::of(holding, all.max(1)),
        evidence: format!("Lost: {}.", evidence.join("; ")),
    }
}
