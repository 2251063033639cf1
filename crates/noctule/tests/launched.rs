//! A build without MPI that `mpirun` started.
#![cfg(not(feature = "mpi"))]

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

use common::Bench;

#[test]
fn a_build_without_mpi_does_not_train_under_mpirun() {
    let bench = Bench::new();
    let launched = |size: &str, rank: &str, words: &[&str]| {
        let mut command = bench.command(words);
        let command = command.env("OMPI_COMM_WORLD_SIZE", size);
        let output = command.env("OMPI_COMM_WORLD_RANK", rank).output();
        let output = output.unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), stderr)
    };
    let train = ["train", "yinyang", "--out", "run", "--epochs", "1"];
    let (status, said) = launched("2", "0", &train);
    assert_eq!(status, Some(2));
    for part in ["2 processes", "`mpi`", "unset OMPI_COMM_WORLD_SIZE"] {
        assert!(said.contains(part), "{said}");
    }
    // Of two that say the same, one says it.
    assert_eq!(launched("2", "1", &train), (Some(2), String::new()));
    assert_eq!(
        launched("2", "1", &["train", "--nonsense"]),
        (Some(2), String::new())
    );
    assert!(
        launched("2", "0", &["train", "--nonsense"])
            .1
            .contains("--nonsense")
    );
    assert!(!bench.path("run").exists());
    let sweep = ["sweep", "convergence", "--repeats", "1", "--out", "run"];
    assert_eq!(launched("2", "0", &sweep).0, Some(2));
    assert!(!bench.path("run").exists());
    let small = ["--set", "layers.0.neurons=5"];
    let alone = launched("1", "0", &[&train[..], &small].concat());
    assert_eq!(alone.0, Some(0), "{}", alone.1);
}
