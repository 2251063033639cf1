//! What the study found, as tables, charts and verdicts.

use super::outcome::{ChipOutcome, Way};
use super::plan::RobustnessPlan;
use super::point::Point;
use crate::statistics::{mean, standard_error};
use crate::study::{Axis, Chart, Finding, Section, Series, StudyDocument, Table, Verdict};

/// The accuracy that a chip may cost, as a fraction.
const ALLOWED_LOSS: f64 = 0.005;
const USUAL: (u32, f64) = (6, 0.1);

/// Mean and standard error of some outcomes.
struct Summary {
    mean: f64,
    error: f64,
    chips: usize,
}

impl Summary {
    fn of(values: &[f64]) -> Self {
        Self {
            mean: mean(values),
            error: standard_error(values),
            chips: values.len(),
        }
    }

    fn percent(&self) -> String {
        format!("{:.2} ± {:.2}", 100.0 * self.mean, 100.0 * self.error)
    }
}

pub(super) fn document(plan: &RobustnessPlan, outcomes: &[ChipOutcome]) -> StudyDocument {
    StudyDocument {
        study: "robustness".to_owned(),
        title: "Networks on imprecise analog chips".to_owned(),
        summary: summary(plan),
        verdicts: verdicts(plan, outcomes),
        sections: (0..plan.tasks.len())
            .map(|task| section(plan, outcomes, task))
            .collect(),
        ..StudyDocument::default()
    }
}

fn summary(plan: &RobustnessPlan) -> String {
    format!(
        "Exactly trained networks are put on emulated chips: weights are rounded to a few bits (sign included, one scale \
         per layer) and clipped; thresholds, membrane and synaptic time constants of neurons and the weights of synapses \
         differ by the given relative standard deviation (mismatch), drawn once for each of {} chips. The weights are \
         transferred as they are, or trained on for each chip: under the chip's model (the gradient passes straight \
         through the rounding), or with the chip in the loop (spikes come from the chip, the exact gradient at these \
         spikes from a host that knows the ideal constants only). Accuracies are those on the test set after the last \
         epoch, mean and standard error over chips. Numbers of epochs and learning rates were fixed beforehand.",
        plan.chips
    )
}

/// The outcomes of one point and way.
fn of_point(outcomes: &[ChipOutcome], task: usize, point: &Point, way: Way) -> Vec<ChipOutcome> {
    let is_it = |outcome: &&ChipOutcome| {
        outcome.task == task && outcome.point == *point && outcome.way == way
    };
    outcomes.iter().filter(is_it).copied().collect()
}

fn accuracies(outcomes: &[ChipOutcome]) -> Vec<f64> {
    outcomes.iter().map(|outcome| outcome.accuracy).collect()
}

/// How much accuracy each chip costs, against the network that was trained on for as long without a chip; the network of
/// exact training, where weights are transferred.
fn losses(outcomes: &[ChipOutcome]) -> Vec<f64> {
    let loss = |outcome: &ChipOutcome| match outcome.way {
        Way::Transferred => outcome.exact - outcome.accuracy,
        Way::UnderModel | Way::InTheLoop => outcome.ideal - outcome.accuracy,
    };
    outcomes.iter().map(loss).collect()
}

fn verdicts(plan: &RobustnessPlan, outcomes: &[ChipOutcome]) -> Vec<Verdict> {
    let usual = Point::new(USUAL.0, USUAL.1);
    if !plan.points.contains(&usual) {
        return Vec::new();
    }
    let mut evidence = Vec::new();
    let (mut holding, mut helping) = (0, 0);
    for (index, task) in plan.tasks.iter().enumerate() {
        let of_way = |way| losses(&of_point(outcomes, index, &usual, way));
        let ways = Way::ALL.map(|way| (way, Summary::of(&of_way(way))));
        let [transferred, trained @ ..] = &ways;
        for (_, loss) in trained {
            holding += usize::from(loss.mean <= ALLOWED_LOSS);
            let error = (loss.error.powi(2) + transferred.1.error.powi(2)).sqrt();
            helping += usize::from(transferred.1.mean - loss.mean > 2.0 * error);
        }
        let told = ways.each_ref().map(|(way, loss)| {
            format!(
                "{} {:.2} ± {:.2}",
                way.words(),
                100.0 * loss.mean,
                100.0 * loss.error
            )
        });
        evidence.push(format!(
            "{} ({} chips) loses, in points: {}",
            task.preset,
            transferred.1.chips,
            told.join(", ")
        ));
    }
    let evidence = format!("{}.", evidence.join("; "));
    let comparisons = 2 * plan.tasks.len();
    vec![
        Verdict {
            subject: "chips".to_owned(),
            claim: "With 6-bit weights and 10 % mismatch, networks that are trained under the chip's model, and in the \
                    loop, are on average within 0.5 points of networks that are trained for as long without a chip."
                .to_owned(),
            finding: Finding::of(holding, comparisons),
            evidence: evidence.clone(),
        },
        Verdict {
            subject: "training for a chip".to_owned(),
            claim: "Under the chip's model, and in the loop, less accuracy is lost than by transferring weights, by more \
                    than two standard errors."
                .to_owned(),
            finding: Finding::of(helping, comparisons),
            evidence,
        },
    ]
}

fn section(plan: &RobustnessPlan, outcomes: &[ChipOutcome], task: usize) -> Section {
    let exact: Vec<f64> = outcomes
        .iter()
        .filter(|outcome| outcome.task == task)
        .map(|outcome| outcome.exact)
        .collect();
    let ideal: Vec<f64> = outcomes
        .iter()
        .filter(|outcome| outcome.task == task)
        .map(|outcome| outcome.ideal)
        .collect();
    let name = &plan.tasks[task].preset;
    let bits = |point: &Point| f64::from(point.bits);
    let mismatch = |point: &Point| 100.0 * point.mismatch;
    let has_usual_mismatch = |point: &Point| *point == Point::new(point.bits, USUAL.1);
    let has_usual_bits = |point: &Point| *point == Point::new(USUAL.0, point.mismatch);
    Section {
        title: format!("`{name}`"),
        text: format!(
            "The exact networks reach {:.2} %, and {:.2} % when they are trained on for as long as networks are for chips.",
            100.0 * mean(&exact),
            100.0 * mean(&ideal)
        ),
        tables: vec![table(plan, outcomes, task)],
        charts: vec![
            chart(
                plan,
                outcomes,
                task,
                ("bits of a weight, at 10 % mismatch", "bits"),
                &has_usual_mismatch,
                &bits,
            ),
            chart(
                plan,
                outcomes,
                task,
                ("mismatch (%), at 6 bits", "mismatch"),
                &has_usual_bits,
                &mismatch,
            ),
        ],
    }
}

fn table(plan: &RobustnessPlan, outcomes: &[ChipOutcome], task: usize) -> Table {
    let row = |point: &Point| {
        let of_way = |way| Summary::of(&accuracies(&of_point(outcomes, task, point, way)));
        let cells = Way::ALL.map(|way| of_way(way).percent());
        [vec![point.words()], cells.to_vec()].concat()
    };
    let columns = Way::ALL.map(|way| format!("{} (%)", way.words()));
    Table {
        title: format!(
            "Test accuracy of `{}` on chips, mean and standard error over {} chips",
            plan.tasks[task].preset, plan.chips
        ),
        columns: [vec!["chips".to_owned()], columns.to_vec()].concat(),
        rows: plan.points.iter().map(row).collect(),
    }
}

fn chart(
    plan: &RobustnessPlan,
    outcomes: &[ChipOutcome],
    task: usize,
    (label, name): (&str, &str),
    is_shown: &dyn Fn(&Point) -> bool,
    position: &dyn Fn(&Point) -> f64,
) -> Chart {
    let mut points: Vec<&Point> = plan.points.iter().filter(|point| is_shown(point)).collect();
    points.sort_by(|first, second| position(first).total_cmp(&position(second)));
    let series = Way::ALL.map(|way| {
        let of_point =
            |point: &&Point| Summary::of(&accuracies(&of_point(outcomes, task, point, way)));
        let summaries: Vec<Summary> = points.iter().map(of_point).collect();
        Series {
            name: way.words().to_owned(),
            x: points.iter().map(|point| position(point)).collect(),
            y: summaries
                .iter()
                .map(|summary| 100.0 * summary.mean)
                .collect(),
            error: summaries
                .iter()
                .map(|summary| 100.0 * summary.error)
                .collect(),
        }
    });
    let preset = &plan.tasks[task].preset;
    Chart {
        name: format!("{preset}-{name}"),
        title: format!("{preset} on chips"),
        x: Axis::linear(label),
        y: Axis::linear("test accuracy (%)"),
        series: series.to_vec(),
    }
}
