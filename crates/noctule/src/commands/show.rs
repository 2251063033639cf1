//! `noctule show`.

use std::path::Path;

use anyhow::Result;
use noctule_train::{Config, ConfigTable, RunDirectory};

use super::experiment::configure;
use crate::cli::Show;
use crate::output::say;

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
fn of_run(name: &str) -> Result<Option<String>> {
    let path = Path::new(name);
    if Config::preset_text(name).is_some() || !path.is_dir() {
        return Ok(None);
    }
    let config = RunDirectory::open(path)?.config_path();
    Ok(Some(config.display().to_string()))
}

fn list() -> Result<()> {
    for name in Config::preset_names() {
        say!("{name:<24} {}", Config::preset(name)?.description);
    }
    Ok(())
}
