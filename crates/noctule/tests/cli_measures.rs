//! Speed is measured.

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

use common::Bench;
use noctule::engines::Backend;
use serde_json::Value;

#[test]
fn speed_is_measured() {
    let bench = Bench::new();
    let short = ["--windows", "3", "--seconds", "0.02", "--warm-up", "0.02"];
    let set = ["--set", "layers.0.neurons=20", "--threads", "2"];
    let words = [&["bench", "yinyang", "--json"][..], &short, &set].concat();
    let told = bench.succeed(&words);
    let report: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    for key in ["train_samples_per_second", "infer_samples_per_second"] {
        assert!(report[key].as_f64().unwrap() > 0.0, "{key}: {report}");
    }
    let commit = report["commit"].as_str();
    assert_eq!(commit, noctule::version::COMMIT);
    for key in ["forward_nanoseconds", "backward_nanoseconds"] {
        let nanoseconds = report[key].as_f64().unwrap();
        assert!(
            nanoseconds.is_finite() && nanoseconds > 0.0,
            "{key}: {report}"
        );
    }
    assert_eq!(report["train_windows"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&report["threads"], &report["batch_size"]),
        (&2.into(), &32.into())
    );
    let phases = report["phases"].as_object().unwrap();
    let total: f64 = phases.values().map(|share| share.as_f64().unwrap()).sum();
    assert!((total - 1.0).abs() < 1e-9, "{report}");
    if cfg!(target_os = "linux") {
        assert!(report["peak_rss_mb"].as_f64().unwrap() > 1.0, "{report}");
    }
    let words = [&["bench", "yinyang"][..], &short, &set].concat();
    assert!(bench.succeed(&words).contains("samples/s"));
}

#[test]
fn kernels_are_those_of_a_device() {
    let bench = Bench::new();
    let parts = ["--kernels needs a back end with devices"];
    bench.refuse(&["bench", "yinyang", "--kernels"], &parts);
    if !Backend::Gpu.is_built() {
        let words = ["bench", "yinyang", "--kernels", "--backend", "gpu"];
        bench.refuse(&words, &["--features gpu"]);
        return;
    }
    let synthetic = ["bench", "synthetic", "--backend", "gpu", "--kernels"];
    bench.refuse(&synthetic, &["--kernels"]);
    let short = ["--windows", "1", "--seconds", "0", "--warm-up", "0"];
    let words = ["bench", "yinyang", "--backend", "gpu", "--kernels"];
    let told = bench.succeed(&[&words[..], &["--json"], &short].concat());
    let report: Value = serde_json::from_str(told.trim()).unwrap();
    assert_eq!(report["kernel_batches"], 1);
    let kernels = report["kernels"].as_array().unwrap();
    assert!(kernels.iter().any(|kernel| kernel["name"] == "forward"));
    for kernel in kernels {
        let [seconds, fastest] = ["seconds", "fastest"].map(|key| kernel[key].as_f64().unwrap());
        assert!(seconds >= fastest && fastest > 0.0, "{kernel}");
        assert!(kernel["launches"].as_u64().unwrap() > 0, "{kernel}");
    }
    let told = bench.succeed(&[&words[..], &short].concat());
    assert!(told.contains("kernels, each launch waited for, in 1 batch:"));
}

#[test]
fn the_batteries_run_without_a_compiler() {
    let bench = Bench::new();
    let told = bench.succeed(&["batteries", "losses::", "--json"]);
    let lines: Vec<Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.len() > 4, "{told}");
    assert!(lines.iter().all(|line| line["passed"] == true), "{told}");
    let told = bench.succeed(&["batteries", "losses::spike_count"]);
    assert!(told.ends_with("1 passed, 0 failed\n"), "{told}");
    bench.refuse(&["batteries", "flying"], &["no battery", "flying"]);
}

#[test]
fn the_cost_of_a_layer_is_measured() {
    let bench = Bench::new();
    let short = ["--windows", "1", "--seconds", "0"];
    let words = [&["bench", "synthetic", "--json"][..], &short].concat();
    let report: Value = serde_json::from_str(bench.succeed(&words).trim()).unwrap();
    let points = report["points"].as_array().unwrap();
    for axis in ["events", "neurons", "batch"] {
        let series = points.iter().filter(|point| point["axis"] == axis);
        let numbers: Vec<u64> = series.map(|point| point[axis].as_u64().unwrap()).collect();
        assert!(
            numbers.len() > 4 && numbers.is_sorted(),
            "{axis}: {numbers:?}"
        );
    }
    for point in points {
        assert!(point["train_samples_per_second"].as_f64().unwrap() > 0.0);
        assert!(point["spikes_per_neuron"].as_f64().unwrap() > 0.1);
    }
    bench.refuse(
        &["bench", "synthetic", "--set", "training.epochs=1"],
        &["--set"],
    );
}

#[test]
fn the_version_names_the_commit() {
    let told = Bench::new().succeed(&["--version"]);
    assert_eq!(told, format!("noctule {}\n", noctule::version::VERSION));
    if let Some(commit) = noctule::version::COMMIT {
        let hash = commit.strip_suffix("-modified").unwrap_or(commit);
        assert_eq!(hash.len(), 40, "{commit}");
        assert!(
            hash.bytes().all(|digit| digit.is_ascii_hexdigit()),
            "{commit}"
        );
    }
}
