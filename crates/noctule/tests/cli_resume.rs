//! What a run belongs to: its experiment, its data, its back end, and the commands that continue it.

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

use std::fs;
use std::path::Path;

use common::Bench;
use noctule::train::Checkpoint;

/// Trains an MNIST network into `out`, without `$NOCTULE_DATA`.
fn train_mnist(bench: &Bench, out: &str, data: &str) {
    let mut command = bench.command(&["train", "mnist-count", "--out", out, "--epochs", "1"]);
    let set = ["layers.0.neurons=5", "data.validation=20"];
    command.args(set.iter().flat_map(|set| ["--set", set]));
    let output = command
        .args(["--data-dir", data])
        .env_remove("NOCTULE_DATA")
        .output();
    let output = output.unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
}

#[test]
fn an_edited_experiment_is_refused_and_the_keys_are_named() {
    let bench = Bench::new();
    bench.train("run", &[]);
    let config = bench.path("run/config.toml");
    let original = fs::read_to_string(&config).unwrap();
    for (before, after, key) in [
        ("seed = 0", "seed = 5", "`seed` was 0 and is now 5"),
        (
            "learning_rate = 0.003",
            "learning_rate = 0.5",
            "`optimiser.learning_rate` was 0.003 and is now 0.5",
        ),
        ("tau_m = 0.02", "tau_m = 0.5", "`neuron.tau_m` was 0.02"),
        (
            "batch_size = 32",
            "batch_size = 500",
            "`training.batch_size`",
        ),
        ("neurons = 20", "neurons = 21", "`layers.0.neurons` was 20"),
    ] {
        let edited = original.replacen(before, after, 1);
        assert_ne!(edited, original, "{before}");
        fs::write(&config, edited).unwrap();
        let resume = ["train", "--resume", "run", "--epochs", "3"];
        bench.refuse(&resume, &["last.safetensors", "another experiment", key]);
    }
    // Evaluated it can be: it says how it differs.
    let edited = original.replacen("t_max = ", "t_max = 1", 1);
    assert_ne!(edited, original);
    fs::write(&config, edited).unwrap();
    for words in [&["eval", "run"][..], &["predict", "run", "-o", "out.npz"]] {
        let stderr = bench.run(words).stderr;
        let stderr = String::from_utf8(stderr).unwrap();
        let note =
            "note: config.toml is not what the weights were trained with: `neuron.t_max` was";
        assert!(stderr.starts_with(note), "{stderr}");
    }
    let free = original
        .replacen("name = \"yinyang\"", "name = \"other\"", 1)
        .replacen("threads = 0", "threads = 1", 1)
        .replacen("epochs = 2", "epochs = 3", 1);
    assert_ne!(free, original);
    fs::write(&config, free).unwrap();
    bench.succeed(&["train", "--resume", "run"]);
}

#[test]
fn other_data_are_refused() {
    let bench = Bench::new();
    bench.write_mnist(100, 20);
    train_mnist(&bench, "run", "data");
    let other = Bench::new();
    other.write_mnist(100, 20);
    let mut pixels = common::images(20);
    pixels[400] ^= 1;
    other.write_data("t10k-images-idx3-ubyte", &pixels);
    let other = other.path("data");
    let words = ["train", "--resume", "run", "--epochs", "2", "--data-dir"];
    bench.refuse(
        &[&words[..], &[other.to_str().unwrap()]].concat(),
        &[
            "the test part of the data was 20 samples with SHA-256",
            "--data-dir",
        ],
    );
    bench.write_mnist(110, 20);
    bench.refuse(
        &words[..5],
        &["the training part of the data was 80 samples"],
    );
}

#[test]
fn a_checkpoint_that_does_not_say_what_it_belongs_to_can_only_be_evaluated() {
    let bench = Bench::new();
    bench.train("run", &[]);
    let path = bench.path("run/last.safetensors");
    let mut checkpoint = Checkpoint::load(&path).unwrap();
    checkpoint
        .metadata
        .as_object_mut()
        .unwrap()
        .remove("origin");
    checkpoint.save(&path).unwrap();
    bench.refuse(
        &["train", "--resume", "run", "--epochs", "3"],
        &["an earlier version", "can be evaluated, but not resumed"],
    );
    bench.succeed(&["eval", "run"]);
}

#[test]
fn the_data_directory_is_remembered() {
    let bench = Bench::new();
    bench.write_mnist(100, 20);
    fs::rename(bench.path("data"), bench.path("my data")).unwrap();
    train_mnist(&bench, "run", "my data");
    let recorded = fs::read_to_string(bench.path("run/data-dir.txt")).unwrap();
    let absolute = fs::canonicalize(bench.path("my data")).unwrap();
    assert_eq!(fs::canonicalize(recorded.trim_end()).unwrap(), absolute);
    assert!(Path::new(recorded.trim_end()).is_absolute());
    // From another folder, and with another `$NOCTULE_DATA`.
    bench.succeed(&["eval", "run"]);
    bench.succeed(&["train", "--resume", "run", "--epochs", "2"]);
    // What is named comes first.
    let eval = ["eval", "run", "--data-dir", "nowhere"];
    bench.refuse(&eval, &["nowhere/mnist", "fetch it with"]);
    // Where the data are gone, the usual places count.
    fs::rename(bench.path("my data"), bench.path("data")).unwrap();
    bench.succeed(&["eval", "run"]);
    bench.succeed(&["train", "--resume", "run", "--epochs", "3"]);
}

#[test]
fn the_back_end_is_remembered() {
    let bench = Bench::new();
    bench.train("run", &[]);
    let path = bench.path("run/last.safetensors");
    let mut checkpoint = Checkpoint::load(&path).unwrap();
    let backend = checkpoint.metadata.pointer_mut("/origin/backend").unwrap();
    assert_eq!(backend.as_str(), Some("cpu"));
    *backend = "gpu".into();
    checkpoint.save(&path).unwrap();
    let resume = ["train", "--resume", "run", "--epochs", "3"];
    if !cfg!(feature = "gpu") {
        let told = "the run was trained on the back end `gpu`, which this build does not have; build it with `--features \
                    gpu`, or choose another one with --backend";
        bench.refuse(&resume, &[told]);
        bench.refuse(&["eval", "run"], &[told]);
        bench.refuse(&["predict", "run", "-o", "out.npz"], &[told]);
    }
    bench.succeed(&["eval", "run", "--backend", "cpu"]);
    let named = bench.run(&[&resume[..], &["--backend", "cpu"]].concat());
    assert!(named.status.success());
    let stderr = String::from_utf8(named.stderr).unwrap();
    assert!(
        stderr.contains("`gpu`; on `cpu` it continues with other bits"),
        "{stderr}"
    );
    // It is now a run of this back end.
    let checkpoint = Checkpoint::load(&path).unwrap();
    let backend = checkpoint.metadata.pointer("/origin/backend").unwrap();
    assert_eq!(backend.as_str(), Some("cpu"));
    bench.succeed(&["eval", "run"]);
    bench.succeed(&["train", "--resume", "run", "--epochs", "4"]);
}

#[cfg(unix)]
mod pasted {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    use std::os::unix::fs::symlink;
    use std::process::{Child, Command, Output, Stdio};
    use std::time::Duration;

    use super::*;

    /// Runs a command as a shell reads it, from the bench's directory, where `noctule` is this build.
    fn paste(bench: &Bench, command: &str) -> Output {
        let bin = bench.path("bin");
        if !bin.exists() {
            fs::create_dir(&bin).unwrap();
            symlink(env!("CARGO_BIN_EXE_noctule"), bin.join("noctule")).unwrap();
        }
        let mut path = bin.into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap());
        let shell = Command::new("bash")
            .args(["-c", command])
            .current_dir(bench.path(""))
            .env("PATH", path)
            .env("NOCTULE_DATA", bench.path("nothing"))
            .env("NOCTULE_MIRROR", "http://127.0.0.1:9")
            .output();
        shell.unwrap()
    }

    fn stop(mut child: Child, metrics: &Path) -> String {
        while !metrics.exists() {
            assert!(child.try_wait().unwrap().is_none(), "ended too early");
            std::thread::sleep(Duration::from_millis(2));
        }
        let id = child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The rest of the line after a text.
    fn after<'a>(said: &'a str, text: &str) -> &'a str {
        let (_, rest) = said.split_once(text).unwrap_or_else(|| panic!("{said}"));
        rest.lines().next().unwrap().trim()
    }

    #[test]
    fn printed_commands_continue_and_evaluate_a_run_of_any_name() {
        let bench = Bench::new();
        bench.write_mnist(100, 20);
        let names: [&[u8]; 4] = [b"my run", b"-it's $HOME", b"caf\xe9", b"plain"];
        for name in names {
            let out = OsStr::from_bytes(name);
            let mut option = OsString::from("--out=");
            option.push(out);
            let child = bench
                .command(&["train", "mnist-count", "--epochs", "100000"])
                .args(["--set", "layers.0.neurons=5", "--data-dir", "data"])
                .args(["--set", "data.validation=0"])
                .arg(option)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let run = bench.path("").join(out);
            let said = stop(child, &run.join("metrics.jsonl"));
            let command = after(&said, "Continue with:");
            let done = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
            let epochs = done.lines().count() / 2 + 1;
            let output = paste(&bench, &format!("{command} --epochs {epochs}"));
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{command}: {stderr}");
            let said = String::from_utf8_lossy(&output.stdout);
            let command = after(&said, "next ");
            let output = paste(&bench, command);
            assert!(output.status.success(), "{command}");
        }
    }

    #[test]
    fn a_folder_whose_name_is_not_utf8_works_everywhere() {
        let bench = Bench::new();
        let odd = OsString::from_vec(b"caf\xe9".to_vec());
        let run = |words: &[&str], last: &[&OsStr]| {
            let output = bench.command(words).args(last).output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!stderr.contains("panicked"), "{words:?}: {stderr}");
            assert!(output.status.success(), "{words:?}: {stderr}");
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let small = ["--epochs", "1", "--set", "layers.0.neurons=5"];
        run(
            &[&["train", "yinyang"], &small[..], &["--out"]].concat(),
            &[&odd],
        );
        run(&["train", "--epochs", "2", "--resume"], &[&odd]);
        run(&["eval"], &[&odd]);
        let object = run(&["eval", "--json"], &[&odd]);
        let object: serde_json::Value = serde_json::from_str(&object).unwrap();
        assert_eq!(object["run"], "caf\u{fffd}");
        // An experiment file in it.
        let file = Path::new(&odd).join("config.toml");
        run(&["train", "--out", "again"], &[file.as_os_str()]);
        // Data in it.
        bench.write_mnist(100, 20);
        fs::rename(bench.path("data"), bench.path("").join(&odd).join("data")).unwrap();
        let data = Path::new(&odd).join("data");
        let words = ["train", "mnist-count", "--out", "digits", "--data-dir"];
        let set = [
            "--set=layers.0.neurons=5",
            "--set=data.validation=0",
            "--epochs=1",
        ];
        let last: Vec<&OsStr> = [data.as_os_str()]
            .into_iter()
            .chain(set.iter().map(OsStr::new))
            .collect();
        run(&words, &last);
        run(&["eval", "digits"], &[]);
    }

    #[test]
    fn the_hint_to_download_can_be_pasted() {
        let bench = Bench::new();
        let words = ["train", "mnist-count", "--data-dir", "my 'data'"];
        let output = bench.run(&words);
        assert_eq!(output.status.code(), Some(2));
        let stderr = String::from_utf8(output.stderr).unwrap();
        let (_, rest) = stderr.split_once("fetch it with: ").unwrap();
        let (command, _) = rest.split_once(". Downloading").unwrap();
        let output = paste(&bench, &format!("{command} --from http://127.0.0.1:9"));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(
            stderr.contains("cannot reach http://127.0.0.1:9"),
            "{stderr}"
        );
        assert!(bench.path("my 'data'/mnist").is_dir());
    }
}

#[test]
fn a_sweep_is_not_a_training() {
    let bench = Bench::new();
    bench.train("run", &[]);
    bench.refuse(
        &["sweep", "--resume", "run"],
        &["noctule train --resume run"],
    );
    let small = [
        "--repeats",
        "1",
        "--set",
        "sweep.x.to=0.2",
        "--set",
        "sweep.y.to=0.2",
    ];
    let words = [
        "sweep",
        "convergence",
        "--out",
        "sweep",
        "--set",
        "training.epochs=1",
    ];
    bench.succeed(&[&words[..], &small].concat());
    bench.refuse(
        &["train", "--resume", "sweep"],
        &["noctule sweep --resume sweep"],
    );
}
