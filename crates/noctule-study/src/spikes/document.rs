//! What the study found, as tables and charts.

use super::noise::sizes;
use super::outcome::{Measured, NoiseKind, SpikesOutcomes};
use super::plan::{Pair, SideName, SpikesPlan};
use super::verdicts::{verdicts, with_error};
use crate::statistics::{mean, standard_error};
use crate::study::{Axis, Chart, Section, Series, StudyDocument, Table};

/// Validation accuracies whose epochs are counted.
const LEVELS: [f64; 4] = [0.9, 0.95, 0.97, 0.98];

pub(super) fn document(plan: &SpikesPlan, outcomes: &SpikesOutcomes) -> StudyDocument {
    let mut sections: Vec<Section> = (0..plan.pairs.len())
        .map(|pair| pair_section(plan, outcomes, pair))
        .collect();
    sections.push(convergence_section(outcomes));
    StudyDocument {
        study: "spikes".to_owned(),
        title: "Many spikes per neuron against one".to_owned(),
        summary: summary(plan),
        verdicts: verdicts(plan, outcomes),
        sections,
        ..StudyDocument::default()
    }
}

fn summary(plan: &SpikesPlan) -> String {
    format!(
        "Networks of the same layers are trained on the same data with neurons that spike many times, and with neurons \
         that spike once. The settings of each side were found by {} short trainings with a seed of their own, judged on \
         validation samples; then each side was trained with {} seeds. Test samples chose nothing. Numbers are means and \
         standard errors over seeds. \"Better or comparable\" means that the mean is not worse by more than half a \
         point of accuracy, a point of lost accuracy or of dead neurons, or a tenth of a count or a time.",
        plan.candidates(),
        plan.seeds
    )
}

/// What was measured of one side of a pair, seed by seed.
fn measured(outcomes: &SpikesOutcomes, pair: usize, side: SideName) -> Vec<&Measured> {
    let sides = outcomes.sides.iter();
    sides
        .filter(|outcome| outcome.pair == pair && outcome.side == side)
        .map(|outcome| &outcome.measured)
        .collect()
}

fn pair_section(plan: &SpikesPlan, outcomes: &SpikesOutcomes, index: usize) -> Section {
    let pair = &plan.pairs[index];
    let slug = slug(&pair.name);
    let mut charts = vec![
        convergence_chart(outcomes, index, &slug),
        decision_chart(outcomes, index, &slug),
        dead_chart(outcomes, index, &slug),
    ];
    for kind in NoiseKind::ALL {
        charts.push(noise_chart(plan, outcomes, index, kind, &slug));
    }
    Section {
        title: pair.name.clone(),
        text: chosen_text(outcomes, index, pair),
        tables: vec![table(pair, outcomes, index)],
        charts,
    }
}

/// The settings that the search chose.
fn chosen_text(outcomes: &SpikesOutcomes, index: usize, pair: &Pair) -> String {
    let told = pair.sides.iter().filter_map(|side| {
        let mut chosen = outcomes.chosen.iter();
        let chosen = chosen.find(|chosen| chosen.pair == index && chosen.side == side.name)?;
        Some(format!(
            "{} (preset `{}`, {} epochs): learning rate x {}, initial weights x {}, {:.2} % validation accuracy after {}",
            side.name.words(),
            side.preset,
            side.epochs,
            chosen.rate,
            chosen.scale,
            100.0 * chosen.validation,
            epochs(side.short),
        ))
    });
    let told: Vec<String> = told.collect();
    format!("The search chose, with {}.", told.join("; with "))
}

fn epochs(count: u64) -> String {
    match count {
        1 => "1 epoch".to_owned(),
        _ => format!("{count} epochs"),
    }
}

fn slug(name: &str) -> String {
    let letters = name.chars().map(|letter| match letter {
        letter if letter.is_ascii_alphanumeric() => letter.to_ascii_lowercase(),
        _ => '-',
    });
    let text: String = letters.collect();
    text.split('-')
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}

fn table(pair: &Pair, outcomes: &SpikesOutcomes, index: usize) -> Table {
    let sides = SideName::ALL.map(|side| measured(outcomes, index, side));
    let row = |name: &str, cell: &dyn Fn(&[&Measured]) -> String| {
        let cells = sides.iter().map(|side| cell(side));
        [name.to_owned()]
            .into_iter()
            .chain(cells)
            .collect::<Vec<String>>()
    };
    let values = |side: &[&Measured], of: &dyn Fn(&Measured) -> Option<f64>| -> Vec<f64> {
        side.iter().filter_map(|measured| of(measured)).collect()
    };
    let mut rows = vec![row("test accuracy (%)", &|side| {
        with_error(&values(side, &|m| Some(m.accuracy)), 100.0, 2)
    })];
    for level in LEVELS {
        let name = format!(
            "epochs (seconds) to {:.0} % validation accuracy",
            100.0 * level
        );
        rows.push(row(&name, &|side| {
            let reached: Vec<(usize, f64)> = side.iter().filter_map(|m| m.reached(level)).collect();
            if reached.is_empty() {
                return "not reached".to_owned();
            }
            let epochs: Vec<f64> = reached.iter().map(|reached| reached.0 as f64).collect();
            let seconds: Vec<f64> = reached.iter().map(|reached| reached.1).collect();
            let of = format!("{} of {}", reached.len(), side.len());
            format!("{:.1} ({:.1}), {of} seeds", mean(&epochs), mean(&seconds))
        }));
    }
    rows.push(row("spikes of an inference", &|side| {
        with_error(&values(side, &|m| Some(m.spikes)), 1.0, 0)
    }));
    rows.push(row("spikes of a neuron, by layer", &|side| {
        by_layer(side, &|m| &m.spikes_per_neuron, 1.0)
    }));
    rows.push(row("dead neurons, by layer (%)", &|side| {
        by_layer(side, &|m| &m.dead, 100.0)
    }));
    for (place, share) in [50, 90, 99].into_iter().enumerate() {
        let name = format!("time to {share} % of the final accuracy (ms)");
        rows.push(row(&name, &|side| {
            with_error(&values(side, &|m| m.latency[place]), 1000.0, 1)
        }));
    }
    rows.push(row("mean time of the final decision (ms)", &|side| {
        with_error(&values(side, &|m| m.mean_final), 1000.0, 1)
    }));
    rows.push(row("input from, to; tau_s (ms)", &|side| {
        side.first().map_or("-".to_owned(), |m| {
            let [from, to] = m.input.map(|time| 1000.0 * time);
            format!("{from:.0}, {to:.0}; {:.0}", 1000.0 * m.tau_s)
        })
    }));
    Table {
        title: format!("{}, {} seeds", pair.name, sides[0].len()),
        columns: [
            "measure",
            SideName::ALL[0].words(),
            SideName::ALL[1].words(),
        ]
        .map(str::to_owned)
        .to_vec(),
        rows,
    }
}

/// Means over seeds, for each layer.
fn by_layer(side: &[&Measured], of: &dyn Fn(&Measured) -> &[f64], factor: f64) -> String {
    let layers = side.first().map_or(0, |m| of(m).len());
    let layer = |layer: usize| {
        let values: Vec<f64> = side.iter().map(|m| of(m)[layer]).collect();
        format!("{:.2}", factor * mean(&values))
    };
    (0..layers).map(layer).collect::<Vec<String>>().join(", ")
}

/// Positions and values of a network's line.
type LineOf<'a> = &'a dyn Fn(&Measured) -> (Vec<f64>, Vec<f64>);

/// Both sides as lines, means over seeds.
fn lines(outcomes: &SpikesOutcomes, pair: usize, of: LineOf<'_>) -> Vec<Series> {
    let line = |side: SideName| {
        let networks: Vec<_> = measured(outcomes, pair, side).into_iter().map(of).collect();
        let x = networks
            .first()
            .map_or(Vec::new(), |network| network.0.clone());
        let at = |index: usize| -> Vec<f64> {
            networks
                .iter()
                .filter_map(|network| network.1.get(index).copied())
                .collect()
        };
        Series {
            name: side.words().to_owned(),
            y: (0..x.len()).map(|index| mean(&at(index))).collect(),
            error: (0..x.len())
                .map(|index| standard_error(&at(index)))
                .collect(),
            x,
        }
    };
    SideName::ALL.map(line).to_vec()
}

fn convergence_chart(outcomes: &SpikesOutcomes, pair: usize, slug: &str) -> Chart {
    let of = |m: &Measured| {
        let epochs = (1..=m.validation.len()).map(|epoch| epoch as f64);
        let accuracy = m.validation.iter().map(|accuracy| 100.0 * accuracy);
        (epochs.collect(), accuracy.collect())
    };
    Chart {
        name: format!("{slug}-convergence"),
        title: "Validation accuracy after each epoch".to_owned(),
        x: Axis::linear("epoch"),
        y: Axis::linear("validation accuracy (%)"),
        series: lines(outcomes, pair, &of),
    }
}

fn decision_chart(outcomes: &SpikesOutcomes, pair: usize, slug: &str) -> Chart {
    let of = |m: &Measured| {
        let times = m.times.iter().map(|&time| m.in_inputs(time));
        let accuracy = m.accuracy_at.iter().map(|accuracy| 100.0 * accuracy);
        (times.collect(), accuracy.collect())
    };
    let mut series = lines(outcomes, pair, &of);
    // Two hundred bars would hide the lines.
    series.iter_mut().for_each(|series| series.error.clear());
    Chart {
        name: format!("{slug}-decision"),
        title: "Test accuracy with the output spikes so far".to_owned(),
        x: Axis::linear("time since the input began (durations of the input)"),
        y: Axis::linear("test accuracy (%)"),
        series,
    }
}

fn dead_chart(outcomes: &SpikesOutcomes, pair: usize, slug: &str) -> Chart {
    let line = |side: SideName| {
        let dead = outcomes.dead.iter();
        let dead = dead.filter(|dead| dead.pair == pair && dead.side == side);
        let dead: Vec<(f64, f64)> = dead
            .filter_map(|dead| Some((dead.scale, dead.dead?)))
            .collect();
        Series {
            name: side.words().to_owned(),
            x: dead.iter().map(|dead| dead.0).collect(),
            y: dead.iter().map(|dead| 100.0 * dead.1).collect(),
            error: Vec::new(),
        }
    };
    Chart {
        name: format!("{slug}-dead"),
        title: "Hidden neurons that never spike on the test set".to_owned(),
        x: Axis::log("initial weights, relative to the best"),
        y: Axis::linear("dead hidden neurons (%)"),
        series: SideName::ALL.map(line).to_vec(),
    }
}

fn noise_chart(
    plan: &SpikesPlan,
    outcomes: &SpikesOutcomes,
    pair: usize,
    kind: NoiseKind,
    slug: &str,
) -> Chart {
    let mut series = Vec::new();
    for side in SideName::ALL {
        for trained in [false, true] {
            let at = |size: f64| -> Vec<f64> {
                let noise = outcomes.noise.iter().filter(|noise| {
                    (noise.pair, noise.side, noise.kind) == (pair, side, kind)
                        && noise.size == size
                        && noise.trained == trained
                });
                noise.map(|noise| 100.0 * noise.accuracy).collect()
            };
            let x = sizes(plan, kind).to_vec();
            let how = if trained { ", trained with it" } else { "" };
            series.push(Series {
                name: format!("{}{how}", side.words()),
                y: x.iter().map(|&size| mean(&at(size))).collect(),
                error: x.iter().map(|&size| standard_error(&at(size))).collect(),
                x,
            });
        }
    }
    Chart {
        name: format!("{slug}-{}", kind.name()),
        title: format!("Test accuracy under noise: {}", kind.words()),
        x: Axis::log(kind.words()),
        y: Axis::linear("test accuracy (%)"),
        series,
    }
}

fn convergence_section(outcomes: &SpikesOutcomes) -> Section {
    let rows = outcomes.convergence.iter().map(|outcome| {
        vec![
            outcome.side.words().to_owned(),
            if outcome.published {
                "published"
            } else {
                "ours"
            }
            .to_owned(),
            format!("{:.2}", 100.0 * outcome.accuracy),
            format!("{:.2}", 100.0 * outcome.solved),
            outcome.runs.to_string(),
        ]
    });
    Section {
        title: "The convergence experiment".to_owned(),
        text: "A network of 4 inputs and 2 neurons learns to tell two orders of spikes apart, from a grid of means and \
               standard deviations of the initial weights. Ours: accuracy after 50 epochs, with a bound on the inverse \
               slope. Published: the best accuracy of 50 epochs, each measured before its step, without a bound."
            .to_owned(),
        tables: vec![Table {
            title: "Means over the grid".to_owned(),
            columns: ["neurons", "form", "accuracy (%)", "runs without a mistake (%)", "runs"]
                .map(str::to_owned)
                .to_vec(),
            rows: rows.collect(),
        }],
        charts: Vec::new(),
    }
}
