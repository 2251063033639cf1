//! `noctule study`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use noctule::engines::{Backend, Choice, open, open_f64};
use noctule::version::VERSION;
use noctule_core::EngineInfo;
use noctule_study::precision;
use noctule_study::report::Report;
use noctule_study::robustness::{self, RobustnessPlan};
use noctule_study::spikes::{self, SpikesPlan};
use noctule_study::study::{
    StudyContext, StudyDescription, StudyDirectory, StudyDocument, StudySize,
};
use noctule_train::{Config, SingleProcess};

use super::experiment::{RUNS, load_data};
use super::report::{REPORT, write};
use crate::cli;
use crate::cli::StudyName;
use crate::outcome::Outcome;
use crate::plural::plural;
use crate::streams::remark;
use crate::study_progress::StudyBar;
use crate::suggest;

pub fn run(options: &cli::Study, stop: &Arc<AtomicBool>) -> Result<Outcome> {
    let resumed = match &options.resume {
        Some(path) => Some(StudyDirectory::open(path)?),
        None => None,
    };
    let study = match &resumed {
        Some(directory) => named(&directory.description().study)?,
        None => options.study.context("name a study")?,
    };
    let choice = choice(options, resumed.as_ref())?;
    let size = match &resumed {
        Some(directory) => directory.description().size,
        None if options.quick => StudySize::Quick,
        None => StudySize::Full,
    };
    let recorded = resumed
        .as_ref()
        .and_then(|directory| directory.description().data_directory.clone());
    let data_directory = options.data_dir.clone().or(recorded);
    let engine = open(choice, options.threads)?;
    let info = engine.info();
    prepare(&experiments(study, size)?, data_directory.as_deref(), stop)?;
    if stop.load(Ordering::Relaxed) {
        return Ok(Outcome::Interrupted);
    }
    let directory = match resumed {
        Some(directory) => directory,
        None => {
            let description = StudyDescription {
                study: study.name().to_owned(),
                size,
                backend: choice.backend.name().to_owned(),
                data_directory: absolute(data_directory.as_deref())?,
            };
            StudyDirectory::create(options.out.as_deref(), Path::new(RUNS), description)?
        }
    };
    let bar = StudyBar::new();
    let context = StudyContext {
        directory: directory.path().to_owned(),
        data_directory,
        engine,
        size,
        progress: &bar,
        stop,
    };
    let document = measure(study, &context, (choice, options.threads));
    bar.finish();
    match document? {
        Some(document) => {
            let document = signed(document, &info, study, size);
            directory.write(&document)?;
            let page = directory.path().join(REPORT);
            write(&Report::new(VERSION, None, vec![document.clone()]), &page)?;
            report(&document, &page);
            Ok(Outcome::Done)
        }
        None => {
            let command = suggest::resume_study(directory.path());
            remark!("\nStopped. Continue with:  {command}");
            Ok(Outcome::Interrupted)
        }
    }
}

fn named(study: &str) -> Result<StudyName> {
    match StudyName::from_str(study, false) {
        Ok(study) => Ok(study),
        Err(_) => bail!("this version has no study `{study}`"),
    }
}

/// The experiments whose data a study needs.
fn experiments(study: StudyName, size: StudySize) -> Result<Vec<Config>> {
    Ok(match study {
        StudyName::Precision => {
            let presets = precision::presets(size).into_iter();
            presets.map(Config::preset).collect::<Result<_, _>>()?
        }
        StudyName::Robustness => robustness::experiments(size)?,
        StudyName::Spikes => spikes::experiments(size)?,
    })
}

fn measure(
    study: StudyName,
    context: &StudyContext<'_>,
    (choice, threads): (Choice, usize),
) -> Result<Option<StudyDocument>> {
    Ok(match study {
        StudyName::Precision => precision::run(context, &open_f64(choice, threads)?)?,
        StudyName::Robustness => robustness::run(context, &RobustnessPlan::new(context.size))?,
        StudyName::Spikes => spikes::run(context, &SpikesPlan::new(context.size))?,
    })
}

/// Downloads data that are missing.
fn prepare(experiments: &[Config], data_dir: Option<&Path>, stop: &Arc<AtomicBool>) -> Result<()> {
    for config in experiments {
        load_data(config, data_dir, &mut SingleProcess, stop)?;
    }
    Ok(())
}

/// A study may be resumed from another folder.
fn absolute(path: Option<&Path>) -> Result<Option<std::path::PathBuf>> {
    let absolute = path.map(std::path::absolute).transpose();
    absolute.context("cannot find the directory of the data")
}

/// The engine that is named, else that of the study that is resumed, which must not change.
fn choice(options: &cli::Study, resumed: Option<&StudyDirectory>) -> Result<Choice> {
    let Some(directory) = resumed else {
        return Ok(options.engine.choice()?);
    };
    let recorded = &directory.description().backend;
    if let Some(named) = options
        .engine
        .backend
        .filter(|named| named.name() != recorded)
    {
        bail!(
            "the study was begun on the back end `{recorded}`, and all its numbers must be of one back end; start a new study \
             for `{}`",
            named.name()
        );
    }
    let backend = Backend::named(recorded)
        .with_context(|| format!("this version has no back end `{recorded}`"))?;
    Ok(Choice::new(backend, options.engine.device)?)
}

/// The document with where its numbers come from.
fn signed(
    mut document: StudyDocument,
    info: &EngineInfo,
    study: StudyName,
    size: StudySize,
) -> StudyDocument {
    let quick = match size {
        StudySize::Quick => " --quick",
        StudySize::Full => "",
    };
    let source = &mut document.provenance;
    source.version = VERSION.to_owned();
    source.machine = format!("{}, {}", info.device, plural(info.threads, "thread"));
    source.command = format!("noctule study {}{quick}", study.name());
    document
}

fn report(document: &StudyDocument, page: &Path) {
    remark!("{}", document.title);
    for verdict in &document.verdicts {
        remark!("  {:<20} {}", verdict.subject, verdict.finding.words());
        remark!("  {:<20} {}", "", verdict.evidence);
    }
    remark!("  report               {}", page.display());
}
