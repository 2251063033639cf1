//! Tells the program which commit it was built from, as environment variables of the compiler: `NOCTULE_COMMIT`
//! and `NOCTULE_VERSION`.

use std::fs;
use std::path::Path;
use std::process::Command;

fn main() {
    let mut version = env!("CARGO_PKG_VERSION").to_owned();
    if let Some(commit) = from_git().or_else(from_package) {
        println!("cargo::rustc-env=NOCTULE_COMMIT={commit}");
        version += &format!(" ({commit})");
    }
    println!("cargo::rustc-env=NOCTULE_VERSION={version}");
}

/// The commit of the repository, marked if sources differ from it.
fn from_git() -> Option<String> {
    // A package that lies in another project's repository is not that project's commit.
    let root = git(&["rev-parse", "--show-toplevel"])?;
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if own.canonicalize().ok()? != Path::new(&root).canonicalize().ok()? {
        return None;
    }
    let commit = git(&["rev-parse", "HEAD"])?;
    for name in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", name])?;
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    println!("cargo::rerun-if-changed={root}/crates");
    println!("cargo::rerun-if-changed={root}/Cargo.lock");
    let sources = ["status", "--porcelain", "--untracked-files=no", "--"];
    let changed = git(&[
        &sources[..],
        &[&format!("{root}/crates"), &format!("{root}/Cargo.lock")],
    ]
    .concat())?;
    Some(if changed.is_empty() {
        commit
    } else {
        format!("{commit}-modified")
    })
}

/// The commit that `cargo package` noted.
fn from_package() -> Option<String> {
    let note = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cargo_vcs_info.json");
    let text = fs::read_to_string(note).ok()?;
    let hash = text.split('"').skip_while(|word| *word != "sha1").nth(2)?;
    hash.bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then(|| hash.to_owned())
}

/// What a command of git prints, if there is git and it succeeds.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
