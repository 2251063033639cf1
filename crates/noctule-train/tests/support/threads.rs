//! Ranks that are threads of this process.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Barrier, Mutex};

use noctule_core::{Engine, shard};
use noctule_cpu::CpuEngine;
use noctule_train::{Collective, EpochRecord, NoProgress, Trainer};

/// What the ranks leave for each other.
struct Table {
    places: Mutex<Vec<Vec<u8>>>,
    barrier: Barrier,
}

/// A rank that is a thread.
pub struct Thread {
    pub rank: usize,
    size: usize,
    table: Arc<Table>,
}

impl Collective for Thread {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn machine(&self) -> String {
        format!("machine {}", self.rank / 2)
    }

    fn sum_shard(&mut self, values: &mut [f32]) {
        let mut sums: Vec<f64> = values.iter().map(|&value| value.into()).collect();
        self.sum(&mut sums);
        let own = self.shard(values.len());
        // A reader of more than its shard must notice.
        values.fill(f32::NAN);
        for (value, &sum) in values[own.clone()].iter_mut().zip(&sums[own]) {
            *value = sum as f32;
        }
    }

    fn all_gather(&mut self, values: &mut [f32]) {
        let own = values.iter().flat_map(|value| value.to_le_bytes());
        let all = self.gather_bytes(&own.collect::<Vec<_>>());
        for (rank, of_rank) in all.iter().enumerate() {
            let (numbers, _) = of_rank.as_chunks();
            for index in shard(values.len(), rank, self.size) {
                values[index] = f32::from_le_bytes(numbers[index]);
            }
        }
    }

    fn sum(&mut self, values: &mut [f64]) {
        let own: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        values.fill(0.0);
        for of_rank in self.gather_bytes(&own) {
            assert_eq!(
                of_rank.len(),
                own.len(),
                "ranks sum lists of different lengths"
            );
            let (numbers, _) = of_rank.as_chunks();
            for (value, &bytes) in values.iter_mut().zip(numbers) {
                *value += f64::from_le_bytes(bytes);
            }
        }
    }

    fn any(&mut self, flag: bool) -> bool {
        self.gather_bytes(&[u8::from(flag)]).contains(&vec![1])
    }

    fn gather_bytes(&mut self, own: &[u8]) -> Vec<Vec<u8>> {
        self.table.places.lock().unwrap()[self.rank] = own.to_vec();
        self.table.barrier.wait();
        let all = self.table.places.lock().unwrap().clone();
        self.table.barrier.wait();
        all
    }
}

/// An engine of one thread.
pub fn engine() -> Arc<dyn Engine<f32>> {
    Arc::new(CpuEngine::new(1).unwrap())
}

/// Does `work` on this number of ranks.
pub fn on_ranks<T: Send>(size: usize, work: impl Fn(Thread) -> T + Sync) -> Vec<T> {
    let table = Arc::new(Table {
        places: Mutex::new(vec![Vec::new(); size]),
        barrier: Barrier::new(size),
    });
    let run = |rank| {
        let table = Arc::clone(&table);
        work(Thread { rank, size, table })
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..size)
            .map(|rank| scope.spawn(move || run(rank)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

/// The records and the weights after training.
pub fn trained(mut trainer: Trainer) -> (Vec<EpochRecord>, Vec<f32>) {
    trainer
        .run(None, &mut NoProgress, &AtomicBool::new(false))
        .unwrap();
    let network = trainer.network().unwrap().clone();
    let weights = network.indexed_weights();
    let weights = weights.flat_map(|(_, weights)| weights.as_slice().to_vec());
    (trainer.history().to_vec(), weights.collect())
}
