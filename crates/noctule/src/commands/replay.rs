//! `noctule replay`.

use std::fs;

use anyhow::{Context, Result};
use noctule::replay::{self, Cases};
use noctule_train::write_atomically;

use super::require_cpu;
use crate::cli::{Precision, Replay};
use crate::output::say;

pub fn run(options: &Replay) -> Result<()> {
    require_cpu(options.backend)?;
    let path = options.cases.display();
    let text =
        fs::read_to_string(&options.cases).with_context(|| format!("cannot read `{path}`"))?;
    let cases = Cases::from_json(&text)
        .with_context(|| format!("`{path}` is not a file of reference cases"))?;
    for unsupported in &cases.unsupported {
        eprintln!(
            "left out: case {}, since this version has no layers of kind {}",
            unsupported.case, unsupported.kind
        );
    }
    let outcomes = match options.precision {
        Precision::F64 => replay::run::<f64>(&cases),
        Precision::F32 => replay::run::<f32>(&cases),
    }
    .with_context(|| format!("`{path}`"))?;
    let json = serde_json::to_vec(&outcomes).context("cannot write the outcome as JSON")?;
    write_atomically(&options.output, &json)?;
    say!(
        "{} cases written to {}",
        outcomes.cases.len(),
        options.output.display()
    );
    Ok(())
}
