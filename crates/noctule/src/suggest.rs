//! Commands that are printed for people to paste: they work as they are.

use std::path::Path;

use noctule_data::shell::{quoted, word};

/// The command that continues a run on as many ranks as it has now.
pub fn resume(run: &Path, ranks: usize) -> String {
    let launcher = match ranks {
        1 => String::new(),
        _ => format!("mpirun -n {ranks} "),
    };
    format!("{launcher}noctule train --resume {}", quoted(run))
}

/// The command that was typed.
pub fn again() -> String {
    let words = std::env::args_os().skip(1);
    let words: Vec<String> = words.map(|text| word(Path::new(&text))).collect();
    format!("noctule {}", words.join(" "))
}

/// The command that continues a sweep.
pub fn resume_sweep(directory: &Path) -> String {
    format!("noctule sweep --resume {}", quoted(directory))
}

/// The command that continues a study.
pub fn resume_study(directory: &Path) -> String {
    format!("noctule study --resume {}", quoted(directory))
}

/// The command that writes the page of a run, or of several in a folder.
pub fn report(folder: &Path) -> String {
    format!("noctule report {}", quoted(folder))
}

/// The command that evaluates a run.
pub fn evaluate(run: &Path) -> String {
    format!("noctule eval {}", quoted(run))
}
