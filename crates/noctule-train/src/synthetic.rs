//! How the cost of a layer grows: one dense layer under random events, of which one number varies at a time.
//!
//! The input events are independent and uniform over neurons and time. Weights are scaled so that neurons spike
//! equally often for any number of events. The cost of a sample should therefore be a constant cost of its spikes plus a
//! cost in proportion to its events; it should be in proportion to the neurons, and the same for any batch.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use noctule_core::{
    Batch, Engine, EngineError, Initialiser, LifParameters, Metrics, Network, NetworkError, Pass,
    Regularisation, Session, SessionOptions, SpikeBatch,
};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::median::median;
use crate::run_on::run_on;

/// Neurons that send events.
const INPUTS: usize = 1000;
/// End of a sample, in seconds.
const T_MAX: f64 = 0.2;

/// What is varied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Axis {
    /// Input events of a sample.
    Events,
    /// Neurons of the layer.
    Neurons,
    /// Samples of a batch.
    Batch,
}

/// One measurement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// What is varied in the series that this point belongs to.
    pub axis: Axis,
    /// Input events of a sample.
    pub events: usize,
    /// Neurons of the layer.
    pub neurons: usize,
    /// Samples of a batch.
    pub batch: usize,
    /// Spikes of a neuron in a sample, on average.
    pub spikes_per_neuron: f64,
    /// Samples per second of forward and backward pass, without an optimiser.
    pub train_samples_per_second: f64,
    /// Samples per second of the forward pass.
    pub infer_samples_per_second: f64,
    /// Nanoseconds of forward and backward pass for each event and neuron that it reaches.
    pub nanoseconds_per_delivery: f64,
}

/// The points that are measured: in each series one number takes all its values and the others stay in the middle.
pub fn points() -> Vec<(Axis, [usize; 3])> {
    let [events, neurons, batch] = [200, 512, 32];
    let mut points = Vec::new();
    points.extend([25, 50, 100, 200, 400, 800, 1600].map(|n| (Axis::Events, [n, neurons, batch])));
    points.extend([32, 64, 128, 256, 512, 1024, 2048].map(|n| (Axis::Neurons, [events, n, batch])));
    points.extend([2, 4, 8, 16, 32, 64, 128].map(|n| (Axis::Batch, [events, neurons, n])));
    points
}

/// Measures one point for `windows` windows of at least the length of `window`; `None` if `stop` was set meanwhile.
///
/// # Errors
/// If a number is 0, or the engine fails.
pub fn measure(
    engine: &dyn Engine<f32>,
    axis: Axis,
    numbers: [usize; 3],
    window: Duration,
    windows: usize,
    stop: &AtomicBool,
) -> Result<Option<Point>, EngineError> {
    let keep_on = || !stop.load(Ordering::Relaxed);
    let point = run_on(engine, || {
        measure_in_engine(engine, axis, numbers, (window, windows), &keep_on)
    })?;
    Ok(Some(point).filter(|_| keep_on()))
}

fn measure_in_engine(
    engine: &dyn Engine<f32>,
    axis: Axis,
    [events, neurons, batch]: [usize; 3],
    windows: (Duration, usize),
    keep_on: &dyn Fn() -> bool,
) -> Result<Point, EngineError> {
    let network = network(events, neurons)?;
    let mut session = engine.open(&network, &SessionOptions::default())?;
    session.load(&Batch::events(input(events, batch), Vec::new()))?;
    let pass = Pass {
        input_gradients: true,
        ..Pass::default()
    };
    session.forward(pass)?;
    let spikes = session.spikes(0)?.spikes();
    let mut errors = ChaCha8Rng::seed_from_u64(1);
    let d_times: Vec<f32> = (0..spikes)
        .map(|_| errors.random_range(-1.0..1.0))
        .collect();
    let infer = rate(&mut *session, batch, windows, keep_on, |session| {
        session.forward(Pass::default())
    })?;
    let regularisation = Regularisation::default();
    let train = rate(&mut *session, batch, windows, keep_on, |session| {
        session.forward(pass)?;
        session.set_time_gradients(&d_times, 0.0, &[])?;
        session.backward(&regularisation, 1.0)
    })?;
    Ok(Point {
        axis,
        events,
        neurons,
        batch,
        spikes_per_neuron: spikes as f64 / (neurons * batch) as f64,
        train_samples_per_second: train,
        infer_samples_per_second: infer,
        nanoseconds_per_delivery: 1e9 / (train * (events * neurons) as f64),
    })
}

fn network(events: usize, neurons: usize) -> Result<Network<f32>, NetworkError> {
    let neuron = LifParameters {
        tau_m: 0.26,
        tau_s: 0.13,
        theta: 1.0,
        reset: 1.0,
        max_spikes: 30,
        t_max: T_MAX,
    };
    // The mean potential and its spread reach about the threshold at the end, whatever the number of events.
    let events = events.max(1) as f64;
    let initialiser = Initialiser::normal(60.0 / events, 17.0 / events.sqrt());
    let initialiser = initialiser.unwrap_or_else(|_| unreachable!("finite numbers"));
    Network::new(INPUTS)?.dense(neurons, &neuron, initialiser, 0)
}

fn input(events: usize, batch: usize) -> SpikeBatch<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let mut input = SpikeBatch::new(INPUTS);
    for _ in 0..batch {
        let mut sample: Vec<(f32, u32)> = (0..events)
            .map(|_| {
                let time = random.random_range(0.0..T_MAX as f32);
                (time, random.next_u32() % INPUTS as u32)
            })
            .collect();
        sample.sort_by(|a, b| a.0.total_cmp(&b.0));
        let pushed = input.push_sample(sample);
        debug_assert!(pushed.is_ok());
    }
    input
}

/// Samples per second: the median of the windows, after one that does not count; of no use unless `keep_on` stays true.
fn rate(
    session: &mut dyn Session<f32>,
    batch: usize,
    (window, windows): (Duration, usize),
    keep_on: &dyn Fn() -> bool,
    mut work: impl FnMut(&mut dyn Session<f32>) -> Result<(), EngineError>,
) -> Result<f64, EngineError> {
    let mut rates = Vec::new();
    for _ in 0..=windows.max(1) {
        let (start, mut samples) = (Instant::now(), 0);
        while samples == 0 || (start.elapsed() < window && keep_on()) {
            work(session)?;
            samples += batch;
        }
        session.wait()?;
        rates.push(samples as f64 / start.elapsed().as_secs_f64());
    }
    session.take_metrics(&mut Metrics::default())?;
    Ok(median(&rates[1..]))
}
