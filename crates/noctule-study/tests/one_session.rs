//! An engine that can have one session at a time, and computes for the thread that asks: one run after another.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use noctule_core::{Engine, EngineError, EngineInfo, Network, Session, SessionOptions};
use noctule_cpu::CpuEngine;
use noctule_study::Sweep;
use noctule_train::ConfigTable;

/// The CPU engine in the place of a device.
struct OneSession {
    cpu: CpuEngine,
    /// The threads on which sessions were opened.
    opened_on: Arc<Mutex<Vec<ThreadId>>>,
}

impl Engine<f32> for OneSession {
    fn info(&self) -> EngineInfo {
        EngineInfo {
            reads_wait: true,
            parallel_sessions: 1,
            ..Engine::<f32>::info(&self.cpu)
        }
    }

    fn open(
        &self,
        network: &Network<f32>,
        options: &SessionOptions,
    ) -> Result<Box<dyn Session<f32>>, EngineError> {
        self.opened_on.lock().unwrap().push(thread::current().id());
        self.cpu.open(network, options)
    }

    fn run(&self, work: &mut (dyn FnMut() + Send)) {
        work();
    }
}

#[test]
fn a_sweep_opens_one_session_after_another_on_one_thread() {
    let mut table = ConfigTable::preset("convergence").unwrap();
    let small = [
        "sweep.repeats=2",
        "sweep.x.to=0.4",
        "sweep.y.to=0.2",
        "training.epochs=3",
    ];
    table.apply_overrides(&small.map(str::to_owned)).unwrap();
    let config = table.resolve().unwrap();
    let outcome = |engine: Arc<dyn Engine<f32>>| {
        let sweep = Sweep::new(&config, None, engine).unwrap();
        sweep.check().unwrap();
        let outcome = sweep.run(None, &|_| {}, &AtomicBool::new(false));
        outcome.unwrap().unwrap()
    };
    let cpu = CpuEngine::new(2).unwrap();
    let opened_on = Arc::default();
    let found = outcome(Arc::new(OneSession {
        cpu: cpu.clone(),
        opened_on: Arc::clone(&opened_on),
    }));
    assert_eq!(found, outcome(Arc::new(cpu)));
    let opened_on = opened_on.lock().unwrap();
    let caller = thread::current().id();
    assert!(opened_on.len() >= 12 && opened_on.iter().all(|&thread| thread == caller));
}
