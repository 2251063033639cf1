//! Ranks that MPI started, with `mpirun` or a batch system.

use std::iter::repeat_n;
use std::ops::AddAssign;
use std::time::{Duration, Instant};

use mpi::collective::SystemOperation;
use mpi::datatype::PartitionMut;
use mpi::environment::Universe;
use mpi::request::{self, Request};
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Destination, Equivalence, Source};
use mpi::{Count, Rank, Threading};
use noctule_core::shard;
use thiserror::Error;

use super::interface::Collective;

/// Variables that launchers set: Open MPI, PMIx (also Slurm's), MPICH and its kin, MVAPICH.
const LAUNCHERS: [&str; 4] = [
    "OMPI_COMM_WORLD_RANK",
    "PMIX_RANK",
    "PMI_RANK",
    "MV2_COMM_WORLD_RANK",
];

/// How long a rank that failed waits for the others to fail, too, before it ends them.
const GRACE_PERIOD: Duration = Duration::from_secs(5);
/// How often it checks.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// MPI cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MpiError {
    /// MPI was started before.
    #[error("MPI was started before; open one connection only")]
    Started,
    /// The library allows calls from the main thread only.
    #[error(
        "this MPI library supports {found} only, but the trainer calls it from the thread that trains; build the \
         library with thread support (serialized)"
    )]
    Threads {
        /// What it supports.
        found: String,
    },
}

/// Whether this process was started by `mpirun` or the like. Elsewhere MPI would have to start services of its own.
pub fn launched() -> bool {
    LAUNCHERS
        .iter()
        .any(|name| std::env::var_os(name).is_some())
}

/// MPI, from its start to its end. Drop it after everything that uses its [`Ranks`].
pub struct Connection {
    /// A communicator of its own, so that a rank that ends is not mistaken for one that exchanges gradients. It must be
    /// dropped before the universe.
    ending: SimpleCommunicator,
    _universe: Universe,
}

impl Connection {
    /// Starts MPI, together with all other ranks.
    ///
    /// # Errors
    /// If MPI runs already, or cannot be called from another thread than the first.
    pub fn open() -> Result<Self, MpiError> {
        let (universe, threading) =
            mpi::initialize_with_threading(Threading::Serialized).ok_or(MpiError::Started)?;
        if threading < Threading::Serialized {
            let found = format!("{threading:?}");
            return Err(MpiError::Threads { found });
        }
        Ok(Self {
            ending: universe.world().duplicate(),
            _universe: universe,
        })
    }

    /// This rank among the others.
    pub fn ranks(&self) -> Ranks {
        let world = SimpleCommunicator::world();
        let count = |value: Count| usize::try_from(value).unwrap_or_default();
        Ranks {
            rank: count(world.rank()),
            size: count(world.size()),
            singles: Vec::new(),
            doubles: Vec::new(),
        }
    }

    /// Ends MPI when all ranks are done. A rank that `failed` gives the others a few seconds to come to the same end; if
    /// they are in the middle of something, it ends them, and does not return.
    pub fn close(self, failed: Option<u8>) {
        let start = Instant::now();
        let mut barrier = self.ending.immediate_barrier();
        while let Err(unfinished) = barrier.test() {
            barrier = unfinished;
            if let Some(status) = failed
                && start.elapsed() > GRACE_PERIOD
            {
                self.ending.abort(status.into());
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The others would wait for ever, and so would the end of MPI itself.
            self.ending.abort(101);
        }
    }
}

/// One rank of those that `mpirun` started. To be used while the [`Connection`] is there, by one thread at a time.
///
/// Sums are made here, in the order of the ranks, not by the reductions of the MPI library, whose order depends on the
/// library, the network and the number of values. As in the usual algorithms, each rank sums a shard of the values and
/// sends the result to all others, so the traffic is the same.
#[derive(Debug)]
pub struct Ranks {
    rank: usize,
    size: usize,
    singles: Vec<f32>,
    doubles: Vec<f64>,
}

impl Collective for Ranks {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn machine(&self) -> String {
        mpi::environment::processor_name().unwrap_or_default()
    }

    fn sum_shard(&mut self, values: &mut [f32]) {
        if self.size > 1 {
            sum_shard((self.rank, self.size), values, &mut self.singles);
        }
    }

    fn all_gather(&mut self, values: &mut [f32]) {
        if self.size > 1 {
            all_gather((self.rank, self.size), values);
        }
    }

    fn sum(&mut self, values: &mut [f64]) {
        if self.size > 1 {
            let place = (self.rank, self.size);
            sum_shard(place, values, &mut self.doubles);
            all_gather(place, values);
        }
    }

    fn any(&mut self, flag: bool) -> bool {
        let mut any = 0_u8;
        SimpleCommunicator::world().all_reduce_into(
            &u8::from(flag),
            &mut any,
            SystemOperation::max(),
        );
        any > 0
    }

    fn gather_bytes(&mut self, own: &[u8]) -> Vec<Vec<u8>> {
        let world = SimpleCommunicator::world();
        let mut counts = vec![0; self.size];
        world.all_gather_into(&count(own.len()), &mut counts[..]);
        let starts = starts(&counts);
        let total: Count = counts.iter().sum();
        let mut all = vec![0_u8; usize::try_from(total).unwrap_or_default()];
        let mut parts = PartitionMut::new(&mut all[..], &counts[..], &starts[..]);
        world.all_gather_varcount_into(own, &mut parts);
        let mut rest = all.as_slice();
        let mut take = |&count: &Count| {
            let (part, after) = rest.split_at(usize::try_from(count).unwrap_or_default());
            rest = after;
            part.to_vec()
        };
        counts.iter().map(&mut take).collect()
    }
}

/// Sums a rank's shard of `values` over all ranks; `received` is memory to use again.
///
/// Values go from rank to rank straight out of `values` and into it: a collective operation would also copy what a rank
/// has already.
fn sum_shard<T: AddAssign + Copy + Default + Equivalence>(
    (rank, size): (usize, usize),
    values: &mut [T],
    received: &mut Vec<T>,
) {
    let (own, others) = shards((rank, size), values);
    let length = own.len();
    if received.len() < length * (size - 1) {
        received.resize(length * (size - 1), T::default());
    }
    let mut copies = pieces(received, repeat_n(length, size - 1));
    let received = copies.iter_mut().map(|copy| &mut **copy);
    exchange(rank, received, others.iter().map(|other| &**other));
    add_in_order(own, rank, &mut copies);
}

/// Sends a rank's shard of `values` to all others, and receives theirs.
fn all_gather<T: Equivalence>((rank, size): (usize, usize), values: &mut [T]) {
    let (own, others) = shards((rank, size), values);
    exchange(rank, others, repeat_n(&*own, size - 1));
}

/// A rank's shard of `values`, and the shards of the others in their order.
fn shards<T>((rank, size): (usize, usize), values: &mut [T]) -> (&mut [T], Vec<&mut [T]>) {
    let all = values.len();
    let lengths = (0..size).map(|rank| shard(all, rank, size).len());
    let mut shards = pieces(values, lengths);
    (shards.remove(rank), shards)
}

/// Sends a list to each rank but this one, and receives one from each.
fn exchange<'a, T: Equivalence + 'a>(
    rank: usize,
    received: impl IntoIterator<Item = &'a mut [T]>,
    sent: impl IntoIterator<Item = &'a [T]>,
) {
    let world = SimpleCommunicator::world();
    let others = (0..).filter(|&other: &Rank| usize::try_from(other) != Ok(rank));
    let process = |other| world.process_at_rank(other);
    request::scope(|scope| {
        let receipts: Vec<_> = (others.clone().zip(received))
            .map(|(other, list)| process(other).immediate_receive_into(scope, list))
            .collect();
        let deliveries: Vec<_> = (others.zip(sent))
            .map(|(other, list)| process(other).immediate_send(scope, list))
            .collect();
        receipts.into_iter().for_each(Request::wait_without_status);
        deliveries
            .into_iter()
            .for_each(Request::wait_without_status);
    });
}

/// Adds to `own`, which is a rank's, the `copies` of all others, as if each were added to the sum of those before it.
fn add_in_order<T: AddAssign + Copy>(own: &mut [T], rank: usize, copies: &mut [&mut [T]]) {
    let add = |sums: &mut [T], values: &[T]| {
        for (sum, &value) in sums.iter_mut().zip(values) {
            *sum += value;
        }
    };
    let (before, after) = copies.split_at_mut(rank);
    if let Some((sums, copies)) = before.split_first_mut() {
        copies.iter().for_each(|copy| add(sums, copy));
        add(own, sums);
    }
    after.iter().for_each(|copy| add(own, copy));
}

/// The next pieces of a list, of these lengths.
fn pieces<T>(mut list: &mut [T], lengths: impl Iterator<Item = usize>) -> Vec<&mut [T]> {
    let pieces = lengths.map_while(|length| list.split_off_mut(..length));
    pieces.collect()
}

/// A length as MPI counts it; no layer has more weights than fit.
fn count(length: usize) -> Count {
    Count::try_from(length).unwrap_or(Count::MAX)
}

fn starts(counts: &[Count]) -> Vec<Count> {
    let starts = counts.iter().scan(0, |end, count| {
        *end += count;
        Some(*end - count)
    });
    starts.collect()
}
