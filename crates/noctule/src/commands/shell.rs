//! `noctule completions` and `noctule man`.

use std::fs;

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_mangen::Man;

use crate::cli::{self, Cli};
use crate::streams::{remark, say};

const NAME: &str = "noctule";

/// Prints a script that completes words in a shell.
pub(super) fn completions(options: &cli::Completions) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), NAME, &mut script);
    say!("{}", String::from_utf8_lossy(&script).trim_end());
    Ok(())
}

/// Prints the page of the command, or writes the pages of all commands.
pub(super) fn man(options: &cli::Man) -> Result<()> {
    let Some(folder) = &options.out else {
        let mut page = Vec::new();
        Man::new(Cli::command()).render(&mut page)?;
        say!("{}", String::from_utf8_lossy(&page).trim_end());
        return Ok(());
    };
    let name = folder.display();
    fs::create_dir_all(folder)
        .with_context(|| format!("--out: cannot make the folder `{name}`"))?;
    clap_mangen::generate_to(Cli::command(), folder)
        .with_context(|| format!("--out: cannot write the pages into `{name}`"))?;
    remark!("written to {name}; read one with: man {name}/{NAME}-train.1");
    Ok(())
}
