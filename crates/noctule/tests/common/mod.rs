//! The real command in a temporary directory.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A temporary directory to run `noctule` in.
pub struct Bench {
    folder: TempDir,
}

/// A shell lets its background jobs ignore SIGINT, and `nohup` lets them ignore SIGHUP; so would the commands that tests
/// start. With handlers here, which end the tests, commands begin with the default.
fn heed_signals() {
    #[cfg(unix)]
    {
        use std::sync::{Arc, Once, atomic::AtomicBool};

        use signal_hook::consts::{SIGHUP, SIGINT};
        use signal_hook::flag::register_conditional_shutdown;

        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            for signal in [SIGINT, SIGHUP] {
                let always = Arc::new(AtomicBool::new(true));
                register_conditional_shutdown(signal, 130, always).unwrap();
            }
        });
    }
}

impl Bench {
    pub fn new() -> Self {
        heed_signals();
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `noctule` with these words, no data but in `data/`.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_noctule"));
        command
            .args(words)
            .current_dir(self.folder.path())
            .env("NOCTULE_DATA", self.path("data"))
            // Nothing listens there: no test uses the network.
            .env("NOCTULE_MIRROR", "http://127.0.0.1:9");
        command
    }

    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Runs what must succeed and returns what it printed.
    pub fn succeed(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs what must fail with status 2 and one message that says all of `parts`, nothing of it twice; no file or
    /// folder may be made, changed or lost.
    pub fn refuse(&self, words: &[&str], parts: &[&str]) {
        let before = contents(self.folder.path());
        let output = self.run(words);
        let after = contents(self.folder.path());
        assert!(before == after, "{words:?} changed {:?}", after.keys());
        assert!(output.stdout.is_empty(), "{words:?} printed a result");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{words:?}: {stderr}");
        assert_eq!(stderr.matches("error:").count(), 1, "{words:?}: {stderr}");
        let mut said = HashSet::new();
        for clause in stderr.trim().split(": ") {
            assert!(said.insert(clause), "{words:?} repeats itself: {stderr}");
        }
        for part in parts {
            assert!(
                stderr.contains(part),
                "{words:?} should say `{part}`: {stderr}"
            );
        }
    }

    /// Trains a small Yin-Yang network into `out`.
    pub fn train(&self, out: &str, more: &[&str]) {
        let mut words = vec!["train", "yinyang", "--out", out];
        words.extend(["--set", "layers.0.neurons=20", "--set", "training.epochs=2"]);
        words.extend(more);
        self.succeed(&words);
    }

    /// Writes an MNIST of `train` and `test` samples, each image a bright bar whose place is the label.
    pub fn write_mnist(&self, train: u32, test: u32) {
        for (name, count) in [("train", train), ("t10k", test)] {
            self.write_data(&format!("{name}-images-idx3-ubyte"), &images(count));
            self.write_data(&format!("{name}-labels-idx1-ubyte"), &labels(count));
        }
    }

    pub fn write_data(&self, name: &str, bytes: &[u8]) {
        let folder = self.path("data/mnist");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }
}

pub fn images(count: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in [2051, count, 28, 28] {
        bytes.extend(u32::to_be_bytes(number));
    }
    for sample in 0..count {
        let bar = (sample % 10) + 2;
        let brightness = |pixel: u32| {
            if pixel / 56 == bar {
                100 + pixel % 28 * 5
            } else {
                0
            }
        };
        bytes.extend((0..28 * 28).map(|pixel| brightness(pixel) as u8));
    }
    bytes
}

pub fn labels(count: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in [2049, count] {
        bytes.extend(u32::to_be_bytes(number));
    }
    bytes.extend((0..count).map(|sample| (sample % 10) as u8));
    bytes
}

/// Every file below a folder with its bytes, and every folder with `None`.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.append(&mut contents(&path));
            found.insert(path, None);
        } else {
            let bytes = fs::read(&path).unwrap();
            found.insert(path, Some(bytes));
        }
    }
    found
}

/// Everything in a folder, by name.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
