//! What the runs of several seeds reached, as text.

use std::time::Duration;

use indicatif::HumanDuration;
use noctule_study::SeedsSummary;

/// A line for each run, and one for their mean and standard deviation.
pub(super) fn table(summary: &SeedsSummary) -> String {
    let seeds = summary.runs.iter().map(|run| run.seed.to_string());
    let width = seeds.map(|seed| seed.len()).max().unwrap_or(0).max(4);
    let has_best = summary.mean.best_test_accuracy.is_some();
    let row = |name: &str, last: String, best: String, spikes: String, time: String| {
        let best = if has_best {
            format!("  {best:<24}")
        } else {
            String::new()
        };
        format!("  {name:>width$}  {last:<16}{best}  {spikes:<20}  {time}")
            .trim_end()
            .to_owned()
    };
    let mut lines = vec![row(
        "seed",
        "test, last epoch".to_owned(),
        "test, validation's epoch".to_owned(),
        "spikes per neuron".to_owned(),
        "time".to_owned(),
    )];
    for run in &summary.runs {
        let best = run.best_test_accuracy.zip(run.best_epoch);
        lines.push(row(
            &run.seed.to_string(),
            percent(run.test_accuracy),
            best.map_or(String::new(), |(best, epoch)| {
                format!("{} (epoch {epoch})", percent(best))
            }),
            spikes(&run.spikes_per_neuron),
            time(run.seconds),
        ));
    }
    let mean = &summary.mean;
    let deviation = summary.standard_deviation.as_ref();
    let with = |mean: f64, deviation: Option<f64>| match deviation {
        Some(deviation) => format!("{:.2} \u{b1} {:.2} %", 100.0 * mean, 100.0 * deviation),
        None => percent(mean),
    };
    let best = mean.best_test_accuracy.map(|best| {
        with(
            best,
            deviation.and_then(|deviation| deviation.best_test_accuracy),
        )
    });
    lines.push(row(
        "mean",
        with(
            mean.test_accuracy,
            deviation.map(|deviation| deviation.test_accuracy),
        ),
        best.unwrap_or_default(),
        spikes(&mean.spikes_per_neuron),
        time(mean.seconds),
    ));
    lines.join("\n")
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

fn spikes(per_neuron: &[f64]) -> String {
    let layers: Vec<String> = per_neuron
        .iter()
        .map(|layer| format!("{layer:.2}"))
        .collect();
    layers.join(", ")
}

fn time(seconds: f64) -> String {
    HumanDuration(Duration::try_from_secs_f64(seconds).unwrap_or_default()).to_string()
}
