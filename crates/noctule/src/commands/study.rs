//! `noctule study`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::engines::{Backend, Choice, open, open_f64};
use crate::version::VERSION;
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use noctule_core::{Engine, EngineInfo};
use noctule_study::chip;
use noctule_study::precision::{self, PrecisionPlan};
use noctule_study::report::Report;
use noctule_study::robustness::{self, RobustnessPlan};
use noctule_study::spikes::{self, SpikesPlan};
use noctule_study::study::{
    StudyContext, StudyDescription, StudyDirectory, StudyDocument, StudySize,
};
use noctule_train::{Config, SingleProcess, short_sha256};

use super::experiment::{RUNS, load_data};
use super::report::{REPORT, write};
use crate::cli;
use crate::cli::StudyName;
use crate::outcome::Outcome;
use crate::plural::plural;
use crate::streams::remark;
use crate::study_progress::StudyBar;
use crate::suggest;

/// A study that is planned.
#[derive(Debug)]
enum Plan {
    Precision(PrecisionPlan),
    Robustness(RobustnessPlan),
    Spikes(SpikesPlan),
}

pub fn run(options: &cli::Study, stop: &Arc<AtomicBool>) -> Result<Outcome> {
    let resumed = match &options.resume {
        Some(path) => Some(StudyDirectory::open(path)?),
        None => None,
    };
    let choice = choice(options, resumed.as_ref())?;
    let mut description = describe(options, resumed.as_ref(), choice)?;
    let plan = Plan::new(&description)?;
    let checksum = plan.checksum();
    if resumed.is_some() && description.plan != checksum {
        bail!(
            "the study was begun by a version that measures something else; begin a new one:  {}",
            command(&description)
        );
    }
    description.plan = checksum;
    let data_directory = match &options.data_dir {
        Some(named) => Some(named.clone()),
        None => description.data_directory.clone(),
    };
    // What no engine can do is said before anything is made.
    let engine = open(choice, options.threads)?;
    // The reference in double precision is the processor's, whichever back end is measured.
    let double = plan.needs_double();
    let double = double.then(|| open_f64(Backend::Cpu, options.threads));
    let double = double.transpose()?;
    plan.check(&*engine)?;
    let info = engine.info();
    prepare(&plan.experiments()?, data_directory.as_deref(), stop)?;
    if stop.load(Ordering::Relaxed) {
        return Ok(Outcome::Interrupted);
    }
    let directory = match resumed {
        Some(directory) => directory,
        None => {
            let (named, parent) = (options.out.as_deref(), Path::new(RUNS));
            StudyDirectory::create(named, parent, description.clone())?
        }
    };
    let bar = StudyBar::new();
    let context = StudyContext {
        directory: directory.path().to_owned(),
        data_directory,
        engine,
        size: description.size,
        progress: &bar,
        stop,
    };
    let document = plan.measure(&context, double.as_ref());
    bar.finish();
    let Some(document) = document? else {
        let command = suggest::resume_study(directory.path());
        remark!("\nStopped. Continue with:  {command}");
        return Ok(Outcome::Interrupted);
    };
    let document = signed(document, &info, &description);
    directory.write(&document)?;
    let page = directory.path().join(REPORT);
    write(&Report::new(VERSION, None, vec![document.clone()]), &page)?;
    report(&document, &page);
    Ok(Outcome::Done)
}

/// The study that is named, or the one that is resumed.
fn describe(
    options: &cli::Study,
    resumed: Option<&StudyDirectory>,
    choice: Choice,
) -> Result<StudyDescription> {
    if let Some(directory) = resumed {
        return Ok(directory.description().clone());
    }
    Ok(StudyDescription {
        study: options.study.context("name a study")?.name().to_owned(),
        size: match options.quick {
            true => StudySize::Quick,
            false => StudySize::Full,
        },
        // Known when the study is planned.
        plan: String::new(),
        only: options.only.clone(),
        backend: choice.backend.name().to_owned(),
        // A study may be resumed from another folder.
        data_directory: match &options.data_dir {
            Some(named) => Some(std::path::absolute(named)?),
            None => None,
        },
    })
}

impl Plan {
    fn new(description: &StudyDescription) -> Result<Self> {
        let (size, only) = (description.size, &description.only);
        Ok(match StudyName::from_str(&description.study, false) {
            Ok(StudyName::Precision) => Self::Precision(PrecisionPlan::new(size).only(only)?),
            Ok(StudyName::Robustness) => Self::Robustness(RobustnessPlan::new(size).only(only)?),
            Ok(StudyName::Spikes) => Self::Spikes(SpikesPlan::new(size).only(only)?),
            Err(_) => bail!("this version has no study `{}`", description.study),
        })
    }

    /// The experiments whose data the study needs.
    fn experiments(&self) -> Result<Vec<Config>> {
        Ok(match self {
            Self::Precision(plan) => plan.experiments()?,
            Self::Robustness(plan) => plan.experiments()?,
            Self::Spikes(plan) => plan.experiments()?,
        })
    }

    /// A checksum of all that is measured.
    fn checksum(&self) -> String {
        short_sha256(&format!("{self:?}"))
    }

    /// Whether an engine in double precision is needed.
    fn needs_double(&self) -> bool {
        matches!(self, Self::Precision(_))
    }

    /// Checks that the engine can do what is measured.
    fn check(&self, engine: &dyn Engine<f32>) -> Result<()> {
        match self {
            Self::Robustness(_) => Ok(chip::check_engine(engine)?),
            Self::Precision(_) | Self::Spikes(_) => Ok(()),
        }
    }

    fn measure(
        &self,
        context: &StudyContext<'_>,
        double: Option<&Arc<dyn Engine<f64>>>,
    ) -> Result<Option<StudyDocument>> {
        Ok(match self {
            Self::Precision(plan) => {
                let double = double.context("the study needs an engine in double precision")?;
                precision::run(context, double, plan)?
            }
            Self::Robustness(plan) => robustness::run(context, plan)?,
            Self::Spikes(plan) => spikes::run(context, plan)?,
        })
    }
}

/// Downloads data that are missing.
fn prepare(experiments: &[Config], data_dir: Option<&Path>, stop: &Arc<AtomicBool>) -> Result<()> {
    for config in experiments {
        load_data(config, data_dir, &mut SingleProcess, stop)?;
    }
    Ok(())
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

/// The command that begins the study.
fn command(description: &StudyDescription) -> String {
    let mut command = format!("noctule study {}", description.study);
    if description.size == StudySize::Quick {
        command += " --quick";
    }
    for preset in &description.only {
        command += &format!(" --only {preset}");
    }
    command
}

/// The document with where its numbers come from.
fn signed(
    mut document: StudyDocument,
    info: &EngineInfo,
    description: &StudyDescription,
) -> StudyDocument {
    let source = &mut document.provenance;
    source.version = VERSION.to_owned();
    source.machine = format!("{}, {}", info.device, plural(info.threads, "thread"));
    source.command = command(description);
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
