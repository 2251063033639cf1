//! `noctule data`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use noctule_data::registry::{Source, find};
use noctule_data::{
    Downloader, Fetched, KnownFile, KnownSet, Progress, Split, Verdict, data_directory,
    foreign_contents, inspect, known_sets, load, other_set,
};

use crate::cli::Data;
use crate::signals::listen;
use crate::streams::{note, redraws, remark, say};

pub fn run(command: Data) -> Result<()> {
    match command {
        Data::List => list()?,
        Data::Fetch {
            set,
            data_dir,
            from,
        } => fetch(&set, data_dir.as_deref(), from.as_deref(), &listen()?)?,
        Data::Info { set, data_dir } => info(&set, data_dir.as_deref())?,
    }
    Ok(())
}

fn list() -> Result<()> {
    for set in known_sets() {
        say!("{:<16} {}", set.name, set.description);
    }
    Ok(())
}

/// Downloads a set that is not there yet, until `stop` is set.
pub(super) fn fetch(
    name: &str,
    directory: Option<&Path>,
    from: Option<&str>,
    stop: &Arc<AtomicBool>,
) -> Result<()> {
    let set = find(name)?;
    let directory = data_directory(directory)?;
    if matches!(set.source, Source::Generated(_)) {
        remark!("{name} is generated when it is used; there is nothing to download.");
        return Ok(());
    }
    // Damaged files are no reason not to download: the loader prefers those that a download brings.
    let loads = |split| load(name, split, Some(&directory), 0).is_ok();
    let own = set.folder(&directory);
    let found = set.found_in(&directory).unwrap_or_else(|| own.clone());
    let is_own_work = found != own || set.is_unpacked_in(&directory);
    if is_own_work && loads(Split::Train) && loads(Split::Test) {
        remark!(
            "{}: all of {name} is there, and read as it is; there is nothing to download.",
            found.display()
        );
        return Ok(());
    }
    let downloader = Downloader::default().with_stop(Arc::clone(stop));
    let fetched = downloader.fetch_set(set, &directory, from, &mut Bar::default())?;
    for (file, how) in fetched {
        let how = match how {
            Fetched::Downloaded => "downloaded and checked",
            Fetched::AlreadyThere => "already there",
        };
        remark!("{}: {how}", set.folder(&directory).join(file).display());
    }
    Ok(())
}

fn info(name: &str, directory: Option<&Path>) -> Result<()> {
    let set = find(name)?;
    say!("{}: {}", set.name, set.description);
    say!("  licence   {}", set.licence);
    say!("  home      {}", set.homepage);
    say!(
        "  input     {} x {} x {} (height, width, channels)",
        set.shape.height,
        set.shape.width,
        set.shape.channels
    );
    say!("  classes   {}", set.classes);
    say!(
        "  samples   {} train, {} validation, {} test",
        set.train_samples,
        set.validation_samples,
        set.test_samples
    );
    match set.source {
        Source::Generated(_) => say!("  files     none: generated when it is used"),
        _ => files(set, &data_directory(directory)?)?,
    }
    Ok(())
}

/// Tells whoever trains on it that a folder has the files of another set under the names of this one.
pub(super) fn note_other_set(name: &str, directory: Option<&Path>) {
    let found = find(name).ok().zip(data_directory(directory).ok());
    if let Some(note) = found.and_then(|(set, directory)| confusion(set, &directory)) {
        note!("note: {note}");
    }
}

/// Says it if the labels of a set are known to be those of another one.
fn confusion(set: &KnownSet, directory: &Path) -> Option<String> {
    let folder = set.found_in(directory)?;
    let other = other_set(set, &folder)?;
    Some(format!(
        "the labels in `{}` are those of {other}, not of {set}: the images are probably, too. If so, move the files to \
         `{}` and use data.set = \"{other}\"",
        folder.display(),
        other.folder(directory).display(),
        set = set.name,
        other = other.name,
    ))
}

fn files(set: &KnownSet, directory: &Path) -> Result<()> {
    let found = set.found_in(directory);
    let folder = found.clone().unwrap_or_else(|| set.folder(directory));
    say!("  folder    {}", folder.display());
    for file in set.files() {
        say!("    {:<28} {}", file.name, verdict(&file, &folder)?);
    }
    for name in set.unpacked_names() {
        if folder.join(name).is_file() {
            say!("    {name:<28} there, and read as it is");
        }
    }
    if found.is_none() {
        let places = set.places(directory);
        let places: Vec<String> = places.iter().map(|p| p.display().to_string()).collect();
        say!("  looked in {}", places.join(", "));
    }
    if let Some(confusion) = confusion(set, directory) {
        say!("  note      {confusion}");
    }
    Ok(())
}

/// How a file compares with the official one.
fn verdict(file: &KnownFile, folder: &Path) -> Result<String> {
    let path = folder.join(file.name);
    let verdict =
        inspect(file, folder).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(match verdict {
        Verdict::Official => "official".to_owned(),
        Verdict::OfficialContents => "official contents".to_owned(),
        Verdict::Missing => "missing".to_owned(),
        Verdict::Different => match foreign_contents(file.name, folder) {
            Some(what) => format!("NOT the official file: it is {what}; {}", what.advice()),
            None => "NOT the official file: another split or version, or damaged".to_owned(),
        },
    })
}

/// A progress bar for downloads.
#[derive(Default)]
struct Bar {
    bar: Option<ProgressBar>,
}

impl Progress for Bar {
    fn wait(&mut self, why: &str) {
        note!("note: {why}; waiting for it");
    }

    fn start(&mut self, file: &str, done: u64, total: u64) {
        let style = ProgressStyle::with_template(
            "{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}, {eta} left",
        );
        if !redraws(&std::io::stderr()) {
            return;
        }
        let bar = ProgressBar::new(total)
            .with_message(file.to_owned())
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_position(done);
        self.bar = Some(bar);
    }

    fn advance(&mut self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
    }

    fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
