//! `noctule show`.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use anyhow::Result;
use noctule_train::{Config, ConfigTable, RunDirectory};

use super::experiment::configure;
use crate::cli::Show;
use crate::streams::say;

pub fn run(options: &Show) -> Result<()> {
    let Some(experiment) = &options.experiment else {
        return list();
    };
    let experiment = of_run(experiment)?.unwrap_or(experiment.clone());
    let text = if options.resolved {
        configure(&experiment, &options.set)?.to_toml()?
    } else {
        ConfigTable::text(&experiment)?
    };
    say!("{}", text.trim_end());
    Ok(())
}

/// The experiment file of a run, if a run is what is named.
fn of_run(name: &OsStr) -> Result<Option<OsString>> {
    let path = Path::new(name);
    let is_preset = name
        .to_str()
        .is_some_and(|name| Config::preset_text(name).is_some());
    if is_preset || !path.is_dir() {
        return Ok(None);
    }
    let config = RunDirectory::open(path)?.config_path();
    Ok(Some(config.into_os_string()))
}

fn list() -> Result<()> {
    for name in Config::preset_names() {
        say!("{name:<24} {}", Config::preset(name)?.description);
    }
    Ok(())
}
