//! The folder of a run.
//!
//! | file | contents |
//! |---|---|
//! | `config.toml` | the experiment, fully resolved |
//! | `metrics.jsonl` | a JSON object per line: one per epoch and split |
//! | `last.safetensors` | the state after the last epoch, to resume from |
//! | `best.safetensors` | the state of the epoch with the best validation accuracy |
//! | `initial.safetensors` | the state that the run began with, if its weights came from elsewhere |
//! | `data-dir.txt` | where the data lie, if the run has any |
//! | `backend.txt` | on which back end a sweep was begun |
//!
//! One process at a time writes a run: a [`RunDirectory`] that was made, or opened to write, is locked until it is dropped.
//!
//! ```
//! use noctule_train::run_directory::RunDirectory;
//!
//! let parent = tempfile::tempdir()?;
//! let run = RunDirectory::create(parent.path().join("runs/first"))?;
//! run.write_config("name = 'first'\n")?;
//! run.append_metrics(&serde_json::json!({ "epoch": 1, "loss": 2.5 }))?;
//! run.append_metrics(&serde_json::json!({ "epoch": 2, "loss": 1.5 }))?;
//! run.truncate_metrics(1)?;
//! assert_eq!(run.read_metrics()?, [serde_json::json!({ "epoch": 1, "loss": 2.5 })]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod backend;
mod data_directory;
mod directory;
mod error;
mod leftovers;
mod records;

pub use directory::RunDirectory;
pub(crate) use directory::{BEST, LAST};
pub use error::RunDirectoryError;
