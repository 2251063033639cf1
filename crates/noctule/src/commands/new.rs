//! `noctule new`: an experiment file that runs as it is.

mod own_data;

use std::path::Path;

use anyhow::{Context, Result, bail};
use noctule_data::shell::quoted;
use noctule_train::{ConfigTable, write_atomically};

use super::output_file::folder_of;
use crate::cli::New;
use crate::streams::{note, remark};

/// An experiment on Yin-Yang.
const YIN_YANG: &str = include_str!("new/yin-yang.toml");
/// The name of an experiment whose file has a name of which no letter can stand in it.
const UNNAMED: &str = "experiment";

pub fn run(options: &New) -> Result<()> {
    let file = &options.file;
    let path = file.display();
    if file.extension().is_none_or(|extension| extension != "toml") {
        bail!("the name of an experiment file ends in `.toml`, and `{path}` does not");
    }
    if file.exists() {
        bail!("`{path}` is there already; choose another name, or delete it first");
    }
    let folder = folder_of(file);
    if !folder.is_dir() {
        bail!("there is no folder `{}`; create it first", folder.display());
    }
    let command = format!("noctule train {}", quoted(file));
    let name = name_of(file);
    let text = match &options.from {
        None => YIN_YANG.replace("NAME", &name),
        Some(train) => own_data::experiment(&name, folder, train, options.test.as_deref())?,
    };
    // The first is in the heading; others belong to names of the user's.
    let text = text.replacen("COMMAND", &command, 1);
    // What is written is an experiment, whatever the data are.
    ConfigTable::from_toml_str(&text, &path.to_string())
        .and_then(ConfigTable::resolve)
        .context("the data are not of a kind that this command can write an experiment for")?;
    write_atomically(file, text.as_bytes())?;
    if text.contains(own_data::NO_TEST_FILE) {
        note!("note: there is no file of test samples; see data.test in {path}");
    }
    remark!("{path} is written. Train with:  {command}");
    Ok(())
}

/// The name of an experiment, after its file.
pub(super) fn name_of(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let letters = stem.chars().map(|letter| match letter {
        letter if letter.is_ascii_alphanumeric() || "-_.".contains(letter) => letter,
        _ => '-',
    });
    let name: String = letters.collect();
    let name = name.trim_matches(['-', '_', '.']);
    match name.is_empty() {
        true => UNNAMED.to_owned(),
        false => name.to_owned(),
    }
}
