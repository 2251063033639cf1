//! This process among others that `mpirun` started with it; a build without the feature `mpi` has no others.

use anyhow::Result;
use noctule_train::Collective;

#[cfg(feature = "mpi")]
use noctule_train::collective::mpi::{Connection, launched};

/// The connection to the other ranks, if there are any; ended last of all.
#[derive(Default)]
pub struct Ranks {
    #[cfg(feature = "mpi")]
    connection: Option<Connection>,
    name: Option<String>,
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
        self.name = (!ranks.is_single()).then(|| format!("rank {}", ranks.rank()));
        self.connection = Some(connection);
        Ok(Box::new(ranks))
    }

    /// There are no other ranks, though `mpirun` may have started other processes.
    #[cfg(not(feature = "mpi"))]
    pub fn join(&mut self) -> Result<Box<dyn Collective>> {
        let several = |name| std::env::var(name).is_ok_and(|size| size != "1");
        if several("OMPI_COMM_WORLD_SIZE") || several("PMI_SIZE") {
            eprintln!(
                "warning: this build of noctule lacks the feature `mpi`: every process that mpirun started trains by itself"
            );
        }
        Ok(Box::new(noctule_train::SingleProcess))
    }

    /// What messages of this process begin with, if there are others.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
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
