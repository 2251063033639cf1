//! Bad input: exit status 2, one clear message, nothing half-written.

mod common;

use std::fs;
use std::io::Write;

use common::{Bench, images, labels, names};

#[test]
fn missing_and_broken_data_files() {
    let bench = Bench::new();
    let train = ["train", "mnist-count", "--out", "run"];
    fs::create_dir_all(bench.path("data/mnist")).unwrap();
    bench.refuse(&train, &["train-images", "noctule data fetch mnist"]);

    bench.write_mnist(40, 20);
    let cut = images(40);
    bench.write_data("train-images-idx3-ubyte", &cut[..cut.len() - 5]);
    bench.refuse(&train, &["train-images", "31371"]);

    bench.write_data("train-images-idx3-ubyte", &labels(40));
    bench.refuse(&train, &["train-images", "2049"]);

    bench.write_data("train-images-idx3-ubyte", &[0x1f, 0x8b, 8, 0, 1, 2, 3]);
    bench.refuse(&train, &["train-images"]);

    bench.write_data("train-images-idx3-ubyte", &images(40));
    bench.write_data("train-labels-idx1-ubyte", &labels(39));
    bench.refuse(&train, &["40", "39"]);

    bench.write_mnist(0, 20);
    bench.refuse(&train, &["train-images"]);

    bench.write_mnist(40, 20);
    bench.refuse(&train, &["data.validation", "2000"]);
    assert!(!bench.path("run").exists());
}

#[test]
fn compressed_data_files_that_are_broken() {
    let bench = Bench::new();
    bench.write_mnist(40, 20);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&images(40)).unwrap();
    let packed = encoder.finish().unwrap();
    let name = "train-images-idx3-ubyte.gz";
    let train = ["train", "mnist-count", "--out", "run"];
    fs::create_dir_all(bench.path("data/mnist")).unwrap();

    bench.write_data(name, &packed[..packed.len() / 2]);
    bench.refuse(&train, &[name, "truncated"]);

    // The checksum stands eight bytes before the end.
    let mut damaged = packed.clone();
    damaged[packed.len() - 8] ^= 1;
    bench.write_data(name, &damaged);
    bench.refuse(&train, &[name, "corrupt gzip"]);

    // Only those two faults were in the way.
    bench.write_data(name, &packed);
    bench.refuse(&train, &["data.validation", "2000"]);
}

#[test]
fn experiment_files_name_the_key() {
    let bench = Bench::new();
    bench.train("run", &[]);
    let sound = fs::read_to_string(bench.path("run/config.toml")).unwrap();
    for (old, new, part) in [
        ("[neuron]", "[neuron]\nsurprise = 1", "neuron.surprise"),
        ("neurons = 20", "neuron = 20", "layers.0.neuron"),
        ("neurons = 20", "neurons = \"many\"", "layers.0.neurons"),
        ("batch_size = 32", "batch_size = 1.5", "training.batch_size"),
        (
            "temperature = 0.0005",
            "temperature = nan",
            "loss.temperature",
        ),
        ("theta = 0.02", "theta = -0.02", "layers.0.theta"),
        ("set = \"yin-yang\"", "set = \"moons\"", "data.set"),
        ("epochs = 2", "", "training.epochs"),
    ] {
        let broken = sound.replacen(old, new, 1);
        assert_ne!(broken, sound, "{old}");
        fs::write(bench.path("broken.toml"), broken).unwrap();
        let words = ["train", "broken.toml", "--out", "other"];
        bench.refuse(&words, &["broken.toml", part]);
    }
}

#[test]
fn experiments_that_cannot_be() {
    let bench = Bench::new();
    bench.refuse(
        &["train", "no-such-preset"],
        &["no-such-preset", "yinyang", "mnist-count"],
    );
    bench.refuse(&["train", "missing.toml"], &["missing.toml"]);
    fs::write(bench.path("broken.toml"), "name = ").unwrap();
    bench.refuse(&["train", "broken.toml"], &["broken.toml", "TOML"]);
    for (set, part) in [
        ("layers.0.neuron=3", "layers.0.neuron"),
        ("layers.0.theta=nan", "layers.0.theta"),
        ("layers.0.theta=-1.0", "layers.0.theta"),
        ("neuron.tau_m=0.0", "neuron.tau_m"),
        ("neuron.t_max=-1.0", "neuron.t_max"),
        ("layers.0.init.std=-1.0", "layers.0.init.std"),
        ("optimiser.learning_rate=-0.1", "optimiser.learning_rate"),
        ("training.threads=-1", "training.threads"),
        ("training.epochs=0", "training.epochs"),
        ("optimiser.learning_rate=inf", "optimiser.learning_rate"),
        ("training.epochs=\"many\"", "training.epochs"),
        ("training.batch_size=0", "training.batch_size"),
        ("layers.1.neurons=4", "layers.1 has 4 neurons"),
        ("loss.kind=\"nothing\"", "loss"),
        ("encoder.latest=0.001", "encoder"),
        ("nonsense", "nonsense"),
    ] {
        bench.refuse(&["train", "yinyang", "--out", "run", "--set", set], &[part]);
    }
    bench.refuse(&["train", "yinyang", "--backend", "tpu"], &["tpu"]);
    bench.refuse(&["train"], &["PRESET"]);
    assert!(names(bench.path("").as_path()) == ["broken.toml"]);
}

#[test]
fn folders_that_cannot_hold_a_run() {
    let bench = Bench::new();
    let train = |out| ["train", "yinyang", "--epochs", "1", "--out", out];
    fs::write(bench.path("file"), "x").unwrap();
    bench.refuse(&train("file/run"), &["file/run"]);
    bench.refuse(&train("file"), &["`file` is a file", "name a new"]);
    fs::create_dir(bench.path("full")).unwrap();
    fs::write(bench.path("full/precious"), "x").unwrap();
    bench.refuse(&train("full"), &["full", "not empty"]);
    assert_eq!(names(&bench.path("full")), ["precious"]);

    bench.refuse(&["eval", "nowhere"], &["nowhere", "not a run directory"]);
    bench.refuse(&["eval", "file"], &["file", "not a run directory"]);
    bench.refuse(&["eval", "full"], &["full", "config.toml"]);
    bench.refuse(&["train", "--resume", "full"], &["full", "config.toml"]);
}

#[test]
fn checkpoints_of_others() {
    let bench = Bench::new();
    bench.train("small", &[]);
    bench.train("large", &["--set", "layers.0.neurons=21"]);
    let large = bench.read("large/last.safetensors");
    fs::write(bench.path("small/last.safetensors"), &large).unwrap();
    let resume = ["train", "--resume", "small", "--epochs", "3"];
    let path = "small/last.safetensors";
    let parts = [path, "layers.0.weights", "another network"];
    bench.refuse(&["eval", "small"], &parts);
    let parts = [path, "another experiment", "`layers.0.neurons` was 21"];
    bench.refuse(&resume, &parts);

    fs::write(
        bench.path("small/last.safetensors"),
        &large[..large.len() / 2],
    )
    .unwrap();
    bench.refuse(
        &["eval", "small"],
        &["last.safetensors", "truncated", "--best"],
    );
    bench.succeed(&["eval", "small", "--best"]);
    bench.refuse(&resume, &["last.safetensors", "truncated"]);
    fs::write(bench.path("small/last.safetensors"), "nonsense").unwrap();
    bench.refuse(&["eval", "small"], &["last.safetensors"]);
    fs::remove_file(bench.path("small/last.safetensors")).unwrap();
    bench.refuse(&["train", "--resume", "small"], &["last.safetensors"]);
}

#[test]
fn damaged_metrics_stop_a_resumption() {
    let bench = Bench::new();
    bench.train("run", &[]);
    let sound = bench.read("run/metrics.jsonl");
    for line in ["{\"epoch\": 0,\n", "{\"epoch\": 0}\n", "{}\n"] {
        let damaged = [line.as_bytes(), sound.as_slice()].concat();
        fs::write(bench.path("run/metrics.jsonl"), damaged).unwrap();
        let resume = ["train", "--resume", "run", "--epochs", "3"];
        bench.refuse(&resume, &["run/metrics.jsonl", "line 1"]);
    }
}

#[test]
fn measurements_that_cannot_be() {
    let bench = Bench::new();
    bench.refuse(&["bench", "nothing"], &["nothing", "mnist-count"]);
    bench.refuse(&["bench", "yinyang", "--windows", "0"], &["--windows is 0"]);
    bench.refuse(
        &["bench", "yinyang", "--seconds", "-1"],
        &["--seconds is -1", "from 0"],
    );
    bench.refuse(
        &["bench", "synthetic", "--threads", "-2"],
        &["-2", "--threads", "whole number"],
    );
    bench.refuse(
        &["bench", "yinyang", "--seconds", "nan"],
        &["--seconds is NaN"],
    );
    bench.refuse(
        &["bench", "yinyang", "--warm-up", "1e9"],
        &["--warm-up", "3600"],
    );
}

#[test]
fn networks_that_cannot_be() {
    let bench = Bench::new();
    bench.refuse(
        &["train", "yinyang", "--set", "augmentation.flip=true"],
        &["augmentation", "no images"],
    );
    // The images of Yin-Yang are 1 x 4, and with a bias there are none.
    let pool = "layers.0={kind='sum_pool2d', size=3}";
    bench.refuse(&["train", "yinyang", "--set", pool], &["encoder.bias"]);
    let convolution = "layers.0={kind='conv2d', filters=2, window=3, theta=1, max_spikes=1, init={kind='normal', mean=0, std=1}}";
    let spike_order = |set| ["train", "convergence", "--set", set];
    for layer in [pool, convolution] {
        bench.refuse(&spike_order(layer), &["layer 0", "1 x 4 x 1", "3 x 3"]);
    }
}

/// A file system of 64 KiB, in a mount namespace of its own, is soon full.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named() {
    use std::process::Command;

    let bench = Bench::new();
    fs::create_dir(bench.path("disk")).unwrap();
    let in_namespace = |script: &str| {
        Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
            .current_dir(bench.path(""))
            .output()
    };
    let mount = "mount -t tmpfs -o size=64k tmpfs disk";
    if !in_namespace(mount).is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: this machine does not allow mounting a small file system");
        return;
    }
    let noctule = env!("CARGO_BIN_EXE_noctule");
    let train = "train yinyang --epochs 1 --set layers.0.neurons=2000 --out disk/run";
    let script = format!("{mount} && {noctule} {train}; status=$?; ls -A disk; exit $status");
    let output = in_namespace(&script).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("last.safetensors"), "{stderr}");
    assert!(stderr.contains("free some space"), "{stderr}");
    assert!(output.stdout.is_empty(), "something was left on the disk");
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written() {
    let bench = Bench::new();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = bench
        .command(&["data", "list"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.starts_with("error: ") && !stderr.contains("panicked"),
        "{stderr}"
    );
}

#[test]
fn a_run_is_resumed_as_what_it_is() {
    let bench = Bench::new();
    bench.train("run", &[]);
    for key in [
        "seed",
        "training.batch_size",
        "layers.0.theta",
        "data.validation",
    ] {
        let set = format!("{key}=7");
        bench.refuse(
            &["train", "--resume", "run", "--set", &set],
            &[key, "--resume"],
        );
    }
    let config = bench.read("run/config.toml");
    bench.succeed(&["train", "--resume", "run", "--epochs", "1"]);
    assert_eq!(bench.read("run/config.toml"), config);
}

#[test]
fn an_unknown_instruction_set_is_refused() {
    let bench = Bench::new();
    let train = ["train", "yinyang", "--out", "run"];
    let output = bench
        .command(&train)
        .env("NOCTULE_SIMD", "foo")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("NOCTULE_SIMD is `foo`"), "{stderr}");
    assert!(!bench.path("run").exists());
}

#[test]
fn numbers_and_names_on_the_command_line() {
    let bench = Bench::new();
    for (words, parts) in [
        (
            ["train", "yin-yang"].as_slice(),
            ["yin-yang", "did you mean `yinyang`?"],
        ),
        (
            &["data", "fetch", "yinyang"],
            ["yinyang", "did you mean `yin-yang`?"],
        ),
        (
            &["train", "yinyang", "--seed", "18446744073709551616"],
            ["--seed", "from 0 to 18446744073709551615"],
        ),
        (&["train", "--resume"], ["--resume", "value is required"]),
        (
            &["train", "yinyang", "--resume", "x"],
            ["--resume", "noctule train --resume <RUN> [--epochs <N>]"],
        ),
    ] {
        bench.refuse(words, &parts);
    }
    bench.train("run", &["--seed", "18446744073709551615", "--epochs", "1"]);
    let config = String::from_utf8(bench.read("run/config.toml")).unwrap();
    assert!(
        config.contains("seed = \"18446744073709551615\""),
        "{config}"
    );
    bench.succeed(&["train", "--resume", "run", "--epochs", "2"]);
}

#[test]
fn training_that_diverges() {
    let bench = Bench::new();
    let mut words = vec!["train", "yinyang", "--epochs", "1", "--out", "run"];
    for set in ["layers.0.neurons=16", "optimiser.learning_rate=1e38"] {
        words.extend(["--set", set]);
    }
    let output = bench.run(&words);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("diverged in epoch 1"), "{stderr}");
    assert!(!bench.path("run/metrics.jsonl").exists());
}
