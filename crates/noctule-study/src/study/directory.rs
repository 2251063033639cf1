//! [`StudyDirectory`]: the folder of a study.

use std::fs;
use std::path::{Path, PathBuf};

use noctule_data::folder_lock::FolderLock;
use noctule_train::{RunDirectory, write_atomically};
use serde::{Deserialize, Serialize};

use super::chart_picture::to_svg;
use super::context::StudySize;
use super::document::StudyDocument;
use super::error::StudyError;

const DESCRIPTION: &str = "study.toml";
const DOCUMENT: &str = "study.json";
const PAGE: &str = "study.md";

/// Which study a folder holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StudyDescription {
    /// Name of the study, such as `precision`.
    pub study: String,
    /// How much it measures.
    pub size: StudySize,
    /// A checksum of all that it measures, so that a version that measures something else does not go on with it.
    pub plan: String,
    /// The back end that it was begun on.
    pub backend: String,
    /// The networks that it is limited to, by preset; empty: all.
    #[serde(default)]
    pub only: Vec<String>,
    /// Where the data sets lie, if that was named.
    pub data_directory: Option<PathBuf>,
}

/// The folder of a study, which this process alone writes.
#[derive(Debug)]
pub struct StudyDirectory {
    path: PathBuf,
    description: StudyDescription,
    _lock: Lock,
}

/// Given up when it is dropped.
#[derive(Debug)]
enum Lock {
    Of(#[expect(dead_code, reason = "it is held")] RunDirectory),
    On(#[expect(dead_code, reason = "it is held")] FolderLock),
}

impl StudyDirectory {
    /// Makes the folder that is named, or `parent/NAME`, or the first of `parent/NAME-2` and so on that is free.
    ///
    /// # Errors
    /// If the folder holds something, or cannot be made or written to.
    pub fn create(
        named: Option<&Path>,
        parent: &Path,
        description: StudyDescription,
    ) -> Result<Self, StudyError> {
        let directory = match named {
            Some(path) => RunDirectory::create(path)?,
            None => RunDirectory::create_numbered(parent, &description.study)?,
        };
        let path = directory.path().to_owned();
        let text = toml::to_string(&description).map_err(StudyError::Toml)?;
        write_atomically(&path.join(DESCRIPTION), text.as_bytes())?;
        Ok(Self {
            path,
            description,
            _lock: Lock::Of(directory),
        })
    }

    /// Opens the folder of a study, to go on with it.
    ///
    /// # Errors
    /// If it is not the folder of a study, or another process writes it.
    pub fn open(path: &Path) -> Result<Self, StudyError> {
        let not_study = |reason: String| StudyError::NotStudy {
            path: path.to_owned(),
            reason,
        };
        let text = fs::read_to_string(path.join(DESCRIPTION))
            .map_err(|cause| not_study(format!("its file `{DESCRIPTION}`: {cause}")))?;
        let description = toml::from_str(&text)
            .map_err(|error| not_study(format!("its file `{DESCRIPTION}`: {}", error.message())))?;
        Ok(Self {
            path: path.to_owned(),
            description,
            _lock: Lock::On(FolderLock::acquire(path)?),
        })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which study it holds.
    pub fn description(&self) -> &StudyDescription {
        &self.description
    }

    /// Writes what the study found: as JSON, as Markdown, and a picture of each chart.
    ///
    /// # Errors
    /// If a file cannot be written, or a picture cannot be drawn.
    pub fn write(&self, document: &StudyDocument) -> Result<(), StudyError> {
        let json = serde_json::to_vec_pretty(document).map_err(StudyError::Json)?;
        write_atomically(&self.path.join(DOCUMENT), &json)?;
        write_atomically(&self.path.join(PAGE), document.to_markdown().as_bytes())?;
        for chart in document.sections.iter().flat_map(|section| &section.charts) {
            let picture = to_svg(chart)?;
            let path = self.path.join(format!("{}.svg", chart.name));
            write_atomically(&path, picture.as_bytes())?;
        }
        Ok(())
    }
}
