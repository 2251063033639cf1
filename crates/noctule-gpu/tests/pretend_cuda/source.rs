//! The kernels in the source of the crate.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What stands before a kernel.
const MARK: &str = "#[cube(launch";

/// The names of all kernels in `src/kernels`.
///
/// # Panics
/// If two kernels have the same name, since the record of the driver could not tell them apart.
pub fn kernels() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kernels")) {
        let text = std::fs::read_to_string(&path).expect("a source file");
        for kernel in text.split(MARK).skip(1) {
            let name = kernel
                .split_once("fn ")
                .and_then(|(_, rest)| rest.split(['(', '<']).next());
            let name = name.expect("a function after the mark of a kernel");
            assert!(
                names.insert(name.to_owned()),
                "two kernels have the name `{name}`"
            );
        }
    }
    assert!(!names.is_empty(), "no kernel found");
    names
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder of the kernels");
    let paths = entries.map(|entry| entry.expect("an entry of a folder").path());
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
