//! `noctule bench`.

mod kernels;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::engines::open;
use crate::version::COMMIT;
use anyhow::{Result, bail};
use noctule_core::EngineInfo;
use noctule_train::{BenchPlan, BenchReport, Config, Phases, SingleProcess, Trainer, synthetic};
use serde_json::Value;

use kernels::Kernels;

use super::experiment::{configure, load_data};
use crate::cli::Bench;
use crate::outcome::Outcome;
use crate::plural::plural;
use crate::streams::say;

/// The longest that one window or the warm-up may take, in seconds.
const LONGEST: f64 = 3600.0;

/// The work that is not an experiment.
const SYNTHETIC: &str = "synthetic";

pub fn run(options: &Bench, stop: &Arc<AtomicBool>) -> Result<Outcome> {
    let plan = plan(options)?;
    kernels::check(options)?;
    if options.work == *SYNTHETIC {
        return run_synthetic(options, &plan, stop);
    }
    let threads = options
        .threads
        .map(|threads| format!("training.threads={threads}"));
    let overrides: Vec<String> = options.set.iter().cloned().chain(threads).collect();
    let config = configure(&options.work, &overrides)?;
    let engine = open(options.engine.choice()?, config.training.threads)?;
    let data = load_data(
        &config,
        options.data_dir.as_deref(),
        &mut SingleProcess,
        stop,
    )?;
    let info = engine.info();
    let mut trainer = Trainer::with_data(config.clone(), Arc::new(data), engine)?;
    let Some(report) = trainer.bench(&plan, stop)? else {
        return Ok(Outcome::Interrupted);
    };
    let kernels = if options.kernels {
        let Some(kernels) = kernels::measure(&mut trainer, &plan, stop)? else {
            return Ok(Outcome::Interrupted);
        };
        Some(kernels)
    } else {
        None
    };
    if options.json {
        say!("{}", json(&config, &info, &report, kernels.as_ref())?);
    } else {
        print(&config, &info, &report)?;
        if let Some(kernels) = &kernels {
            kernels.print()?;
        }
    }
    Ok(Outcome::Done)
}

fn run_synthetic(options: &Bench, plan: &BenchPlan, stop: &AtomicBool) -> Result<Outcome> {
    if options.kernels {
        bail!("--kernels measures an experiment, and `{SYNTHETIC}` is not one");
    }
    if !options.set.is_empty() {
        bail!("--set changes an experiment, and `{SYNTHETIC}` is not one");
    }
    let engine = open(
        options.engine.choice()?,
        options.threads.unwrap_or(0).try_into()?,
    )?;
    if !options.json {
        say!(
            " events  neurons  batch  training samples/s  inference samples/s  ns per event and neuron"
        );
    }
    let mut points = Vec::new();
    for (axis, numbers) in synthetic::points() {
        let measured =
            synthetic::measure(&*engine, axis, numbers, plan.window, plan.windows, stop)?;
        let Some(point) = measured else {
            return Ok(Outcome::Interrupted);
        };
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
        let info = engine.info();
        say!(
            "{}",
            serde_json::json!({
                "work": SYNTHETIC,
                "version": env!("CARGO_PKG_VERSION"),
                "commit": COMMIT,
                "backend": info.backend,
                "device": info.device,
                "threads": info.threads,
                "points": points,
            })
        );
    }
    Ok(Outcome::Done)
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
fn json(
    config: &Config,
    info: &EngineInfo,
    report: &BenchReport,
    kernels: Option<&Kernels>,
) -> Result<Value> {
    let mut object = serde_json::json!({
        "work": config.name,
        "version": env!("CARGO_PKG_VERSION"),
        "commit": COMMIT,
        "batch_size": config.training.batch_size,
        "backend": info.backend,
        "device": info.device,
        "threads": info.threads,
        "peak_rss_mb": peak_rss_mb(),
    });
    let kernels = kernels.map(serde_json::to_value).transpose()?;
    for figures in [Some(serde_json::to_value(report)?), kernels] {
        if let (Some(object), Some(Value::Object(figures))) = (object.as_object_mut(), figures) {
            object.extend(figures);
        }
    }
    Ok(object)
}

fn print(config: &Config, info: &EngineInfo, report: &BenchReport) -> Result<()> {
    say!(
        "{}: batches of {}, {}",
        config.name,
        config.training.batch_size,
        match info.backend {
            "cpu" => plural(info.threads, "thread"),
            backend => format!("back end {backend}, {}", info.device),
        }
    );
    say!(
        "  training    {:.0} samples/s",
        report.train_samples_per_second
    );
    say!(
        "  inference   {:.0} samples/s",
        report.infer_samples_per_second
    );
    if let Some(forward) = report.forward_nanoseconds {
        say!("  forward     {forward:.3} ns for each event and neuron that it reaches");
    }
    if let Some(backward) = report.backward_nanoseconds {
        say!("  backward    {backward:.3} ns");
    }
    if let Some(phases) = report.phases {
        say!("  phases      {}", fractions(&phases));
    }
    if let Some(peak) = peak_rss_mb() {
        say!("  memory      {peak:.0} MB at most");
    }
    Ok(())
}

/// The share of each phase.
fn fractions(phases: &Phases) -> String {
    let fractions = [
        ("encode", phases.encode),
        ("forward", phases.forward),
        ("loss", phases.loss),
        ("backward", phases.backward),
        ("optimiser", phases.optimiser),
        ("metrics", phases.metrics),
    ];
    let fractions = fractions.map(|(name, part)| format!("{name} {:.1} %", 100.0 * part));
    fractions.join(", ")
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
