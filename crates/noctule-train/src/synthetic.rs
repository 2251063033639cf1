//! How the cost of a layer grows: one dense layer under random events, of which one number varies at a time.
//!
//! The input events are independent and uniform over neurons and time. Weights are scaled so that neurons spike
//! equally often for any number of events. So the cost of a sample should be that of its events, in proportion, and that of
//! its spikes, which stay; it should be in proportion to the neurons, and the same for any batch.

use std::time::{Duration, Instant};

use noctule_core::{
    Activity, Guards, Initialiser, Lif, LifParameters, Network, ShapeError, SpikeBatch,
};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::awake::with_threads_awake;
use crate::trainer::median;

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
    /// Samples in a second that go forwards and back, without an optimiser.
    pub train_samples_per_second: f64,
    /// Samples in a second that go forwards.
    pub infer_samples_per_second: f64,
    /// Nanoseconds forwards and back for each event and neuron that it reaches.
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

/// Measures one point for `windows` windows of at least the length of `window`.
///
/// # Errors
/// If a number is 0.
pub fn measure(
    axis: Axis,
    numbers: [usize; 3],
    window: Duration,
    windows: usize,
) -> Result<Point, ShapeError> {
    with_threads_awake(|| measure_in_pool(axis, numbers, window, windows))
}

fn measure_in_pool(
    axis: Axis,
    [events, neurons, batch]: [usize; 3],
    window: Duration,
    windows: usize,
) -> Result<Point, ShapeError> {
    let network = network(events, neurons)?;
    let input = input(events, batch);
    let mut activity = Activity::new();
    let spikes = network.forward(&input, &mut activity)?.spikes();
    let guards = Guards::default();
    let mut gradient = network.zero_gradient();
    let mut errors = ChaCha8Rng::seed_from_u64(1);
    let d_times: Vec<f32> = (0..spikes)
        .map(|_| errors.random_range(-1.0..1.0))
        .collect();
    let infer = rate(batch, window, windows, || {
        network.forward(&input, &mut activity).map(|_| ())
    })?;
    let train = rate(batch, window, windows, || {
        network.forward(&input, &mut activity)?;
        let d_input =
            network.backward(&mut activity, d_times.clone(), &guards, &mut gradient, true);
        d_input.map(|_| ())
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

fn network(events: usize, neurons: usize) -> Result<Network<f32>, ShapeError> {
    let parameters = LifParameters {
        tau_m: 0.26,
        tau_s: 0.13,
        theta: 1.0,
        reset: 1.0,
        max_spikes: 30,
        t_max: T_MAX,
    };
    let neuron = Lif::new(&parameters).unwrap_or_else(|_| unreachable!("constants that fit"));
    // The mean potential and its spread reach about the threshold at the end, whatever the number of events.
    let events = events.max(1) as f64;
    let initialiser = Initialiser::normal(60.0 / events, 17.0 / events.sqrt());
    let initialiser = initialiser.unwrap_or_else(|_| unreachable!("numbers that fit"));
    Network::new(INPUTS)?.dense(neurons, neuron, initialiser, 0)
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

/// Samples in a second: the median of the windows, after one that does not count.
fn rate(
    batch: usize,
    window: Duration,
    windows: usize,
    mut work: impl FnMut() -> Result<(), ShapeError>,
) -> Result<f64, ShapeError> {
    let mut rates = Vec::new();
    for _ in 0..=windows.max(1) {
        let (start, mut samples) = (Instant::now(), 0);
        while samples == 0 || start.elapsed() < window {
            work()?;
            samples += batch;
        }
        rates.push(samples as f64 / start.elapsed().as_secs_f64());
    }
    Ok(median(&rates[1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_has_spikes_and_rates() {
        let point = measure(Axis::Events, [50, 20, 3], Duration::ZERO, 1).unwrap();
        assert!(point.spikes_per_neuron > 0.1, "{point:?}");
        assert!(point.train_samples_per_second > 0.0);
        assert!(point.infer_samples_per_second > 0.0);
        assert!(point.nanoseconds_per_delivery.is_finite());
    }

    #[test]
    fn neurons_spike_about_once_for_any_number_of_events() {
        for (axis, numbers) in points() {
            let [events, neurons, _] = numbers;
            let point = measure(axis, [events, neurons, 2], Duration::ZERO, 1).unwrap();
            assert!((0.2..5.0).contains(&point.spikes_per_neuron), "{point:?}");
        }
    }
}
