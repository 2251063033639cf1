//! The recorded runs are of the presets as they are, and of commits that anyone can build.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use noctule::train::{Config, ConfigTable};

/// The folder of recorded runs.
fn results() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/results")
}

/// The folders in a folder.
fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Folders of results that are not runs.
const OTHERS: [&str; 2] = ["studies", "variants"];

fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap().to_str().unwrap().to_owned()
}

fn git(words: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(words)
        .current_dir(results())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

#[test]
fn recorded_runs_have_the_settings_of_their_presets() {
    let mut found = 0;
    for folder in folders(&results()) {
        let name = name_of(&folder);
        if OTHERS.contains(&name.as_str()) {
            continue;
        }
        let recorded = ConfigTable::read(&folder.join("config.toml")).unwrap();
        let recorded = recorded.resolve().unwrap();
        let (preset, seed) = match folder.join("sweep.json").exists() {
            true => (name.as_str(), 0),
            false => {
                let (preset, seed) = name.rsplit_once('-').unwrap();
                (preset, seed.parse().unwrap())
            }
        };
        let mut expected = Config::preset(preset).unwrap();
        expected.seed = seed;
        // Neither decides what the run is.
        expected.training.threads = recorded.training.threads;
        expected.description.clone_from(&recorded.description);
        assert_eq!(recorded, expected, "{name}");
        found += 1;
    }
    assert!(found >= 20, "{found} recorded runs");
}

#[test]
fn recorded_runs_and_studies_name_commits_of_the_history() {
    if git(&["rev-parse", "--is-shallow-repository"]).as_deref() != Some("false") {
        println!("skipped: this is not a repository with its whole history");
        return;
    }
    let runs = [folders(&results()), folders(&results().join("variants"))].concat();
    for folder in &runs {
        let name = name_of(folder);
        if !OTHERS.contains(&name.as_str()) {
            let commit = fs::read_to_string(folder.join("commit.txt")).unwrap();
            assert_in_history(&name, commit.trim());
        }
    }
    for folder in folders(&results().join("studies")) {
        let study = fs::read(folder.join("study.json")).unwrap();
        let study: serde_json::Value = serde_json::from_slice(&study).unwrap();
        let version = study["provenance"]["version"].as_str().unwrap();
        let commit = version.split(['(', ')']).nth(1).unwrap_or_default();
        assert_in_history(&name_of(&folder), commit);
    }
}

fn assert_in_history(name: &str, commit: &str) {
    let is_hash = commit.len() == 40 && commit.bytes().all(|digit| digit.is_ascii_hexdigit());
    assert!(is_hash, "{name}: {commit}");
    let ancestor = git(&["merge-base", "--is-ancestor", commit, "HEAD"]);
    assert!(ancestor.is_some(), "{name}: {commit} is not in the history");
}
