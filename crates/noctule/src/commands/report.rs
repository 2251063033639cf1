//! `noctule report`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::engines::open;
use crate::version::VERSION;
use anyhow::{Context, Result, bail};
use noctule_data::Split;
use noctule_study::report::{Report as Page, ReportedRun, RunReport, Source, collect, page};
use noctule_study::study::StudyDocument;
use noctule_train::{ConfigTable, Data, RunDirectory, SampleOrder, write_atomically};

use super::engine_choice::engine_for;
use super::experiment::data_directory_of;
use super::output_file::{check_output, keep_apart};
use crate::cli::Report;
use crate::outcome::Outcome;
use crate::plural::plural;
use crate::streams::say;

/// Name of a page beside what it is about.
pub(super) const REPORT: &str = "report.html";
/// Samples that a page shows with all their spikes, if nobody says otherwise.
pub(super) const SAMPLES: usize = 12;
/// What a study found, in its directory.
const STUDY: &str = "study.json";

/// What a page is about.
#[derive(Default)]
struct Subjects {
    runs: Vec<ReportedRun>,
    studies: Vec<StudyDocument>,
    /// Files that the page must not replace.
    files: Vec<PathBuf>,
}

pub fn run(options: &Report, stop: &AtomicBool) -> Result<Outcome> {
    let subjects = Subjects::find(&options.runs)?;
    let output = match (&options.output, &options.runs[..]) {
        (Some(output), _) => output.clone(),
        (None, [only]) => only.join(REPORT),
        (None, _) => PathBuf::from(REPORT),
    };
    check_output(&output)?;
    keep_apart(&output, &subjects.files)?;
    let (count, studies) = (subjects.runs.len(), subjects.studies.len());
    let mut runs = subjects.runs.into_iter();
    let mut measured = None;
    if let Some(first) = runs.next() {
        measured = measure(first, runs.collect(), options, stop)?;
        if measured.is_none() {
            return Ok(Outcome::Interrupted);
        }
    }
    let size = write(&Page::new(VERSION, measured, subjects.studies), &output)?;
    let about = match (count, studies) {
        (0, studies) => plural_studies(studies),
        (count, 0) => plural(count, "run"),
        (count, studies) => format!("{} and {}", plural(count, "run"), plural_studies(studies)),
    };
    say!("{}: {about}, {:.2} MB", output.display(), size as f64 / 1e6);
    Ok(Outcome::Done)
}

fn plural_studies(count: usize) -> String {
    match count {
        1 => "1 study".to_owned(),
        _ => format!("{count} studies"),
    }
}

/// Measures the first of these runs; `None` if `stop` was set meanwhile.
fn measure(
    first: ReportedRun,
    others: Vec<ReportedRun>,
    options: &Report,
    stop: &AtomicBool,
) -> Result<Option<RunReport>> {
    let directory = &first.directory;
    let config = ConfigTable::read(&directory.config_path())?.resolve()?;
    let choice = engine_for(&options.engine, &directory.last_path())?;
    let engine = open(choice, options.threads.unwrap_or(config.training.threads))?;
    let data_dir = data_directory_of(directory, options.data_dir.as_deref())?;
    let test = Data::load_part(&config, data_dir.as_deref(), Split::Test, SampleOrder::File)?;
    let source = Source {
        run: first,
        others,
        config: &config,
        test: &test,
        engine,
        samples: options.samples,
    };
    Ok(collect(&source, stop)?)
}

/// Writes a page and returns its size in bytes.
pub(super) fn write(report: &Page, output: &Path) -> Result<usize> {
    let html = page(report)?;
    write_atomically(output, html.as_bytes())?;
    Ok(html.len())
}

impl Subjects {
    /// The runs and studies that are named.
    fn find(paths: &[PathBuf]) -> Result<Self> {
        let mut subjects = Self::default();
        for path in paths {
            let study = path.join(STUDY);
            if study.is_file() {
                subjects.studies.push(read_study(&study)?);
                subjects.files.push(study);
                continue;
            }
            let within = match path.join("config.toml").exists() {
                true => Vec::new(),
                false => runs_within(path),
            };
            if within.is_empty() {
                subjects.add_run(path)?;
            }
            for run in within {
                subjects.add_run(&run)?;
            }
        }
        Ok(subjects)
    }

    fn add_run(&mut self, path: &Path) -> Result<()> {
        let directory = RunDirectory::open(path)?;
        if !directory.last_path().exists() {
            bail!(
                "`{}` has no checkpoint `last.safetensors`, so there is no network to report on; name the directory of a \
                 training",
                path.display()
            );
        }
        let config = ConfigTable::read(&directory.config_path())?.resolve()?;
        self.files.extend(directory.files());
        self.runs.push(ReportedRun {
            directory,
            seed: config.seed,
        });
        Ok(())
    }
}

fn read_study(path: &Path) -> Result<StudyDocument> {
    let name = path.display();
    let text = fs::read(path).with_context(|| format!("cannot read `{name}`"))?;
    serde_json::from_slice(&text)
        .with_context(|| format!("`{name}` is not the result of a study; run the study again"))
}

/// The runs in a folder, as several seeds leave them, by seed; none if there is no such folder.
pub(super) fn runs_within(folder: &Path) -> Vec<PathBuf> {
    let entries: io::Result<Vec<_>> = fs::read_dir(folder).and_then(Iterator::collect);
    let paths = entries
        .unwrap_or_default()
        .into_iter()
        .map(|entry| entry.path());
    let mut runs: Vec<PathBuf> = paths
        .filter(|path| RunDirectory::open(path).is_ok())
        .collect();
    runs.sort_by_key(|run| {
        let name = run
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let number = name
            .rsplit('-')
            .next()
            .and_then(|number| number.parse::<u64>().ok());
        (number, name)
    });
    runs
}
