//! The names that a file of a set may have: packed or not, and with a dot in place of the dash before `idx`.

use std::path::{Path, PathBuf};

use crate::registry::known_set::unpacked;

/// The names under which a file may lie in a folder, the preferred one first.
pub(crate) fn names_of(name: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in [name.to_owned(), name.replacen("-idx", ".idx", 1)] {
        for name in [&name[..], unpacked(&name)] {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// Path of the file of this name in `folder`, under the first of its names that exists; else under the first one.
pub(crate) fn locate(name: &str, folder: &Path) -> PathBuf {
    let paths = names_of(name).into_iter().map(|name| folder.join(name));
    let mut existing = paths.filter(|path| path.is_file());
    existing.next().unwrap_or_else(|| folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_have_four_names() {
        let name = "t10k-images-idx3-ubyte.gz";
        let names = [
            name,
            "t10k-images-idx3-ubyte",
            "t10k-images.idx3-ubyte.gz",
            "t10k-images.idx3-ubyte",
        ];
        assert_eq!(names_of(name), names);
        assert_eq!(names_of("gzip.zip"), ["gzip.zip"]);
        assert_eq!(names_of("emnist-balanced.mat"), ["emnist-balanced.mat"]);
    }
}
