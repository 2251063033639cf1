//! This process among others that `mpirun` started with it; a build without the feature `mpi` has no others.

use anyhow::Result;
use noctule_train::Collective;
use noctule_train::TrainError;
use noctule_train::collective::OtherRank;
use thiserror::Error;

#[cfg(feature = "mpi")]
use noctule_train::collective::mpi::{Connection, launched};

/// Where launchers say which of the processes this one is.
const RANK_VARIABLES: [&str; 3] = ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"];

/// Whether this is the first of the processes that a launcher started, or the only one: the others do not say what all
/// of them would.
pub fn is_first() -> bool {
    let rank = RANK_VARIABLES
        .iter()
        .find_map(|name| std::env::var(name).ok());
    rank.is_none_or(|rank| rank == "0")
}

/// A command that does not divide its work was started on several ranks.
#[derive(Debug, Error)]
#[error("{0} works alone: it would do the same on every rank; start it without mpirun")]
pub struct NotForRanks(pub &'static str);

/// The connection to the other ranks, if there are any; ended last of all.
#[derive(Default)]
pub struct Ranks {
    #[cfg(feature = "mpi")]
    connection: Option<Connection>,
    /// The number of this rank, if there are others.
    rank: Option<usize>,
}

impl Ranks {
    /// Finds the other ranks.
    ///
    /// # Errors
    /// If MPI cannot be used.
    #[cfg(feature = "mpi")]
    pub fn join(&mut self) -> Result<Box<dyn Collective>> {
        if !launched() {
            return Ok(Box::new(noctule_train::SingleProcess));
        }
        let connection = Connection::open()?;
        let ranks = connection.ranks();
        self.rank = (!ranks.is_single()).then(|| ranks.rank());
        self.connection = Some(connection);
        Ok(Box::new(ranks))
    }

    /// There are no other ranks.
    ///
    /// # Errors
    /// If a launcher started other processes: each would train the whole run.
    #[cfg(not(feature = "mpi"))]
    pub fn join(&mut self) -> Result<Box<dyn Collective>> {
        for name in ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"] {
            let size = std::env::var(name).ok().and_then(|size| size.parse().ok());
            if let Some(size @ 2usize..) = size {
                self.rank = Some(if is_first() { 0 } else { 1 });
                anyhow::bail!(
                    "{size} processes were started together, but this build of noctule lacks the feature `mpi`, so each \
                     would train by itself; build it with `cargo install --path crates/noctule --features mpi`, or start \
                     one process. For runs that are to be independent, unset {name}"
                );
            }
        }
        Ok(Box::new(noctule_train::SingleProcess))
    }

    /// Refuses other ranks, for a command that does not divide its work among them.
    ///
    /// # Errors
    /// [`NotForRanks`] if there are others, or MPI cannot be used.
    pub fn refuse(&mut self, command: &'static str) -> Result<()> {
        match self.join()?.is_single() {
            true => Ok(()),
            false => Err(NotForRanks(command).into()),
        }
    }

    /// What messages of this process begin with, if there are others.
    pub fn prefix(&self) -> String {
        match self.rank {
            Some(rank) if cfg!(feature = "mpi") => format!("rank {rank}: "),
            _ => String::new(),
        }
    }

    /// Whether it is this rank that reports an error, of all ranks that end with it.
    pub fn reports(&self, error: &anyhow::Error) -> bool {
        let is_first = self.rank.is_none_or(|rank| rank == 0);
        if error.downcast_ref::<OtherRank>().is_some() {
            return false;
        }
        if error.downcast_ref::<NotForRanks>().is_some() {
            return is_first;
        }
        match error.downcast_ref::<TrainError>() {
            Some(TrainError::OtherRank(_)) => false,
            Some(error) if error.is_of_all_ranks() => is_first,
            _ => is_first || cfg!(feature = "mpi"),
        }
    }

    /// Ends the connection; if this rank failed with that exit status and the others wait for it, they are ended, too.
    #[cfg(feature = "mpi")]
    pub fn leave(self, failed: Option<u8>) {
        if let Some(connection) = self.connection {
            connection.close(failed);
        }
    }

    /// There is no connection to end.
    #[cfg(not(feature = "mpi"))]
    pub fn leave(self, _: Option<u8>) {}
}
