//! Run directories: made once, resumed after a crash, and other folders refused.

use std::fs;

use noctule_train::run_directory::{RunDirectory, RunDirectoryError};
use serde_json::json;

fn new_run() -> (tempfile::TempDir, RunDirectory) {
    let parent = tempfile::tempdir().unwrap();
    let run = RunDirectory::create(parent.path().join("runs/one")).unwrap();
    (parent, run)
}

#[test]
fn an_empty_folder_becomes_a_run_only_once() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("deep/er/run");
    fs::create_dir_all(&path).unwrap();
    let run = RunDirectory::create(&path).unwrap();
    assert_eq!(fs::read_dir(&path).unwrap().count(), 1, "no probe stays");
    run.write_config("seed = 1\n").unwrap();
    let opened = RunDirectory::open(&path).unwrap();
    assert_eq!(opened.path(), run.path());

    let again = RunDirectory::create(&path).unwrap_err();
    assert!(matches!(again, RunDirectoryError::IsRun { .. }), "{again}");
    assert!(again.to_string().contains("--resume"), "{again}");
    assert_eq!(fs::read_to_string(run.config_path()).unwrap(), "seed = 1\n");
}

#[test]
fn a_folder_with_other_files_is_left_alone() {
    let parent = tempfile::tempdir().unwrap();
    fs::write(parent.path().join("thesis.tex"), "x").unwrap();
    let error = RunDirectory::create(parent.path()).unwrap_err();
    assert!(
        matches!(error, RunDirectoryError::NotEmpty { .. }),
        "{error}"
    );
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "x").unwrap();
    for path in [file.clone(), file.join("run")] {
        let error = RunDirectory::create(&path).unwrap_err();
        let is_named = matches!(
            error,
            RunDirectoryError::IsFile { .. } | RunDirectoryError::Create { .. }
        );
        assert!(is_named, "{error}");
        let name = path.display().to_string();
        assert!(error.to_string().contains(&name), "{error}");
    }
}

#[test]
fn open_says_what_is_missing() {
    let parent = tempfile::tempdir().unwrap();
    let message = |path| RunDirectory::open(path).unwrap_err().to_string();
    assert!(message(parent.path().join("none")).contains("nothing of that name"));
    assert!(message(parent.path().to_owned()).contains("lacks the file `config.toml`"));
    let file = parent.path().join("config.toml");
    fs::write(&file, "x").unwrap();
    assert!(message(file).contains("name the folder that holds it"));
}

#[test]
fn metrics_are_a_line_per_record() {
    let (_parent, run) = new_run();
    assert!(run.read_metrics().unwrap().is_empty());
    let records = [
        json!({ "epoch": 1, "split": "train", "loss": 0.1 + 0.2 }),
        json!({ "epoch": 1, "split": "test", "note": "two\nlines" }),
    ];
    for record in &records {
        run.append_metrics(record).unwrap();
    }
    assert_eq!(run.read_metrics().unwrap(), records);
    let text = fs::read_to_string(run.metrics_path()).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(text.ends_with('\n'));
}

#[test]
fn resuming_drops_later_epochs_and_a_torn_line() {
    let (_parent, run) = new_run();
    // The order of keys and the spaces are another program's; they must stay.
    let kept = "{\"split\": \"train\", \"epoch\": 1}\n{\"epoch\":2,\"a\":1e-7}\n";
    let text = format!("{kept}{{\"epoch\":3}}\n{{\"epoch\":3,\"lo");
    fs::write(run.metrics_path(), text).unwrap();
    assert_eq!(run.read_metrics().unwrap().len(), 3);
    run.truncate_metrics(2).unwrap();
    assert_eq!(fs::read_to_string(run.metrics_path()).unwrap(), kept);
    run.append_metrics(&json!({ "epoch": 3 })).unwrap();
    assert_eq!(run.read_metrics().unwrap().len(), 3);
}

#[test]
fn a_record_that_lacks_only_its_newline_is_whole() {
    let (_parent, run) = new_run();
    fs::write(run.metrics_path(), "{\"epoch\":1}\n{\"epoch\":2}").unwrap();
    run.truncate_metrics(9).unwrap();
    let text = fs::read_to_string(run.metrics_path()).unwrap();
    assert_eq!(text, "{\"epoch\":1}\n{\"epoch\":2}\n");
}

#[test]
fn a_damaged_line_is_named_and_nothing_is_lost() {
    let (_parent, run) = new_run();
    for (damage, line) in [("{\"epoch\":1}\n###\n{\"epoch\":2}\n", 2), ("{}\n", 1)] {
        fs::write(run.metrics_path(), damage).unwrap();
        match run.truncate_metrics(1).unwrap_err() {
            RunDirectoryError::Metrics { line: found, .. } => assert_eq!(found, line),
            other => panic!("{other}"),
        }
        assert_eq!(fs::read_to_string(run.metrics_path()).unwrap(), damage);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported_with_the_file() {
    let (_parent, run) = new_run();
    std::os::unix::fs::symlink("/dev/full", run.metrics_path()).unwrap();
    let message = run
        .append_metrics(&json!({ "epoch": 1 }))
        .unwrap_err()
        .to_string();
    assert!(message.contains("metrics.jsonl"), "{message}");
    assert!(message.contains("free some space"), "{message}");
}

#[test]
fn nothing_remains_of_a_run_that_never_began() {
    let parent = tempfile::tempdir().unwrap();
    let run = RunDirectory::create(parent.path().join("run")).unwrap();
    fs::write(run.last_path(), "weights").unwrap();
    run.abandon();
    assert!(!parent.path().join("run").exists());
    // A folder with other files stays, and so does a run that has begun.
    let run = RunDirectory::create(parent.path().join("run")).unwrap();
    run.write_config("name = 'run'\n").unwrap();
    fs::write(run.last_path(), "weights").unwrap();
    run.clone().abandon();
    assert!(run.last_path().exists() && run.config_path().exists());
}
