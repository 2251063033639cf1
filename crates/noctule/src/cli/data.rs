//! The commands about data.

use std::path::PathBuf;

use clap::Subcommand;

/// The commands about data.
#[derive(Debug, Subcommand)]
pub enum Data {
    /// List the data sets Noctule knows.
    List,
    /// Download a data set and check it.
    Fetch {
        /// Name of the data set.
        set: String,
        /// Directory of the data sets; default: $NOCTULE_DATA, else the cache directory.
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
        /// Download from this address instead of the official one.
        #[arg(long, value_name = "URL")]
        from: Option<String>,
    },
    /// Describe a data set, and whether its files are there and official.
    Info {
        /// Name of the data set.
        set: String,
        /// Directory of the data sets; default: $NOCTULE_DATA, else the cache directory.
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
}
