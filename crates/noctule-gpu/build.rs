//! Gives the crate a number that changes with its kernels, as the environment variable `NOCTULE_KERNELS` of the compiler:
//! compiled kernels of another version must not be taken from a cache.

use std::fs;
use std::hash::{DefaultHasher, Hasher};

fn main() {
    println!("cargo::rerun-if-changed=src/kernels");
    let mut files: Vec<_> = fs::read_dir("src/kernels")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        hasher.write(&fs::read(file).unwrap_or_default());
    }
    println!("cargo::rustc-env=NOCTULE_KERNELS={:016x}", hasher.finish());
}
