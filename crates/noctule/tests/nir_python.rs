//! NIR files between Noctule and Python: PyPI's `nir`, and simulators that read such files.

use std::path::Path;
use std::process::Command;

/// Names a Python interpreter that has the packages.
const PYTHON: &str = "NOCTULE_PYTHON";

#[test]
fn python_reads_and_simulates_what_noctule_writes() {
    let Some(python) = std::env::var_os(PYTHON) else {
        println!(
            "skipped: {PYTHON} names no Python interpreter with nir, torch, norse and snntorch"
        );
        return;
    };
    let script = "../noctule-nir/tests/python/test_nir.py";
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
    let status = Command::new(python)
        .arg(script)
        .env("NOCTULE", env!("CARGO_BIN_EXE_noctule"))
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
}
