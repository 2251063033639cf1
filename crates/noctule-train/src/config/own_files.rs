//! Paths of the user's own files that are given on the command line.
//!
//! In an experiment file, a relative path starts at its folder. On the command line it starts at the current folder, so
//! it is written anew, as seen from the folder of the experiment file.

use std::env;
use std::path::{Path, absolute};

use toml::Value;

/// The table of the keys.
const TABLE: &str = "data";
/// The keys whose values are paths.
const KEYS: [&str; 2] = ["train", "test"];

/// Writes the paths in the value that `keys` name anew, as seen from `folder`.
///
/// # Errors
/// If that cannot be told, or has no form in TOML.
pub(super) fn seen_from(folder: &Path, keys: &[&str], value: &mut Value) -> Result<(), String> {
    match (keys, value) {
        ([TABLE, key], Value::String(path)) if KEYS.contains(key) => {
            *path = path_seen_from(folder, path)?;
        }
        ([TABLE], Value::Table(table)) => {
            for key in KEYS {
                if let Some(Value::String(path)) = table.get_mut(key) {
                    *path = path_seen_from(folder, path)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// A path, which starts at the current folder, as seen from `folder`; an absolute one stays.
///
/// # Errors
/// If the current folder is unknown, or the path has no form in UTF-8.
pub fn path_seen_from(folder: &Path, path: &str) -> Result<String, String> {
    if path.is_empty() || Path::new(path).is_absolute() {
        return Ok(path.to_owned());
    }
    let unknown = |error| format!("the current folder is unknown: {error}");
    let current = env::current_dir().map_err(unknown)?;
    let target = current.join(path);
    let folder = absolute(folder).map_err(unknown)?;
    let seen = pathdiff::diff_paths(&target, folder).unwrap_or(target);
    match seen.into_os_string().into_string() {
        Ok(seen) => Ok(seen),
        Err(_) => Err("the path of a folder is not UTF-8".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(folder: &Path, path: &str) -> String {
        let mut value = Value::String(path.to_owned());
        seen_from(folder, &["data", "train"], &mut value).unwrap();
        value.as_str().unwrap().to_owned()
    }

    #[test]
    fn a_path_is_seen_from_the_folder_of_the_experiment() {
        let current = env::current_dir().unwrap();
        assert_eq!(seen(&current, "a/b.npz"), "a/b.npz");
        assert_eq!(seen(&current.join("x"), "a/b.npz"), "../a/b.npz");
        assert_eq!(seen(Path::new("x"), "a/b.npz"), "../a/b.npz");
        assert_eq!(seen(&current.join("a"), "a/b.npz"), "b.npz");
        let absolute = current.join("a.npz").display().to_string();
        assert_eq!(seen(Path::new("x"), &absolute), absolute);
    }

    #[test]
    fn other_keys_stay_as_they_are() {
        for keys in [&["data", "set"][..], &["name"], &["data", "train", "x"]] {
            let mut value = Value::String("events".to_owned());
            seen_from(Path::new("x"), keys, &mut value).unwrap();
            assert_eq!(value.as_str(), Some("events"));
        }
    }
}
