//! `noctule bench`.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use noctule_train::{BenchPlan, BenchReport, Solo, Trainer, synthetic};

use super::train::{configure, with_data};
use crate::cli::Bench;
use crate::output::say;

/// The longest that one window or the warm-up may take, in seconds.
const LONGEST: f64 = 3600.0;

/// What is not a preset.
const SYNTHETIC: &str = "synthetic";

pub fn run(options: &Bench) -> Result<()> {
    let plan = plan(options)?;
    if options.work == SYNTHETIC {
        return run_synthetic(options, &plan);
    }
    let threads = options
        .threads
        .map(|threads| format!("training.threads={threads}"));
    let overrides: Vec<String> = options.set.iter().cloned().chain(threads).collect();
    let config = configure(&options.work, &overrides)?;
    let mut trainer = with_data(config, options.data_dir.as_deref(), &mut Solo)?;
    start_threads(trainer.config().training.threads)?;
    let report = trainer.bench(&plan)?;
    if options.json {
        say!("{}", json(&trainer, &report)?);
    } else {
        print(&trainer, &report)?;
    }
    Ok(())
}

fn start_threads(threads: usize) -> Result<()> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .context("cannot start the threads")
}

fn run_synthetic(options: &Bench, plan: &BenchPlan) -> Result<()> {
    if !options.set.is_empty() {
        bail!("--set changes an experiment, and `{SYNTHETIC}` is none");
    }
    start_threads(options.threads.unwrap_or(0).try_into()?)?;
    if !options.json {
        say!(
            " events  neurons  batch  training samples/s  inference samples/s  ns per event and neuron"
        );
    }
    let mut points = Vec::new();
    for (axis, numbers) in synthetic::points() {
        let point = synthetic::measure(axis, numbers, plan.window, plan.windows)?;
        if !options.json {
            say!(
                "{:7} {:8} {:6} {:19.0} {:20.0} {:24.3}",
                point.events,
                point.neurons,
                point.batch,
                point.train_samples_per_second,
                point.infer_samples_per_second,
                point.nanoseconds_per_delivery
            );
        }
        points.push(point);
    }
    if options.json {
        let threads = rayon::current_num_threads();
        say!(
            "{}",
            serde_json::json!({ "work": SYNTHETIC, "threads": threads, "points": points })
        );
    }
    Ok(())
}

fn plan(options: &Bench) -> Result<BenchPlan> {
    let seconds = |name: &str, value: f64| {
        if !(0.0..=LONGEST).contains(&value) {
            bail!("--{name} is {value}, but must be from 0 to {LONGEST} seconds");
        }
        Ok(Duration::from_secs_f64(value))
    };
    if !(1..=1000).contains(&options.windows) {
        bail!(
            "--windows is {}, but must be from 1 to 1000",
            options.windows
        );
    }
    Ok(BenchPlan {
        warm_up: seconds("warm-up", options.warm_up)?,
        window: seconds("seconds", options.seconds)?,
        windows: options.windows,
    })
}

/// One object with all figures.
fn json(trainer: &Trainer, report: &BenchReport) -> Result<serde_json::Value> {
    let config = trainer.config();
    let mut object = serde_json::json!({
        "work": config.name,
        "batch_size": config.training.batch_size,
        "threads": rayon::current_num_threads(),
        "peak_rss_mb": peak_rss_mb(),
    });
    let figures = serde_json::to_value(report)?;
    if let (Some(object), Some(figures)) = (object.as_object_mut(), figures.as_object()) {
        object.extend(figures.clone());
    }
    Ok(object)
}

fn print(trainer: &Trainer, report: &BenchReport) -> Result<()> {
    let config = trainer.config();
    say!(
        "{}: batches of {}, {} threads",
        config.name,
        config.training.batch_size,
        rayon::current_num_threads()
    );
    say!(
        "  training    {:.0} samples/s",
        report.train_samples_per_second
    );
    say!(
        "  inference   {:.0} samples/s",
        report.infer_samples_per_second
    );
    say!(
        "  forward     {:.3} ns for each event and neuron that it reaches",
        report.forward_nanoseconds
    );
    say!("  backward    {:.3} ns", report.backward_nanoseconds);
    let phases = report.phases;
    let shares = [
        ("encode", phases.encode),
        ("forward", phases.forward),
        ("loss", phases.loss),
        ("backward", phases.backward),
        ("optimiser", phases.optimiser),
        ("metrics", phases.metrics),
    ];
    let shares = shares.map(|(name, share)| format!("{name} {:.1} %", 100.0 * share));
    say!("  phases      {}", shares.join(", "));
    if let Some(peak) = peak_rss_mb() {
        say!("  memory      {peak:.0} MB at most");
    }
    Ok(())
}

/// The most memory that the process has had resident, in megabytes, where the system says so.
fn peak_rss_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0 / 1e6)
}
