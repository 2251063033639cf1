//! Exact gradients against central differences, on random networks.

use noctule_core::{
    Activity, Dense, Guards, Lif, LifParameters, Network, SpikeBatch, TimeErrors, Weights,
};
use proptest::prelude::*;

/// A network of one or two dense layers, small enough to difference every weight.
#[derive(Clone, Debug)]
struct Case {
    neuron: LifParameters,
    sizes: Vec<usize>,
    weights: Vec<Vec<f64>>,
    events: Vec<(f64, u32)>,
}

fn case() -> impl Strategy<Value = Case> {
    let ratios = prop_oneof![Just(2.0), Just(1.0), 0.3..4.0_f64];
    let sizes = prop::collection::vec(1..5_usize, 2..4);
    (ratios, sizes, 0.5..1.5_f64).prop_flat_map(|(ratio, sizes, reset)| {
        let weights: Vec<_> = sizes
            .windows(2)
            .map(|pair| prop::collection::vec(-0.6..1.4_f64, pair[0] * pair[1]))
            .collect();
        let events = prop::collection::vec((0.0..4.0_f64, 0..sizes[0] as u32), 1..8);
        (weights, events).prop_map(move |(weights, mut events)| {
            events.sort_by(|a, b| a.0.total_cmp(&b.0));
            let neuron = LifParameters {
                tau_m: ratio,
                tau_s: 1.0,
                theta: 0.25,
                reset: 0.25 * reset,
                max_spikes: 4,
                t_max: 8.0,
            };
            Case {
                neuron,
                sizes: sizes.clone(),
                weights,
                events,
            }
        })
    })
}

impl Case {
    fn network(&self) -> Network<f64> {
        let neuron = Lif::new(&self.neuron).unwrap();
        let mut network = Network::new(self.sizes[0]).unwrap();
        for (pair, weights) in self.sizes.windows(2).zip(&self.weights) {
            let weights = Weights::from_rows(pair[1], pair[0], weights).unwrap();
            network = network.layer(Dense::new(neuron, weights).unwrap()).unwrap();
        }
        network
    }

    fn input(&self) -> SpikeBatch<f64> {
        let mut input = SpikeBatch::new(self.sizes[0]);
        input.push_sample(self.events.iter().copied()).unwrap();
        input
    }

    /// Output spikes neuron by neuron, and the number of spikes in every layer.
    fn run(&self) -> (Vec<Vec<f64>>, Vec<usize>) {
        let mut activity = Activity::new();
        let network = self.network();
        network.forward(&self.input(), &mut activity).unwrap();
        let output = activity.output().unwrap();
        let mut times = vec![Vec::new(); output.population()];
        for (&time, &neuron) in output.times().iter().zip(output.neurons()) {
            times[neuron as usize].push(time);
        }
        (times, activity.layers().map(SpikeBatch::spikes).collect())
    }
}

/// The derivative of a spike's time in the loss of the tests: different for every spike.
fn error_of(neuron: usize, spike: usize) -> f64 {
    1.0 + 0.7 * neuron as f64 - 0.3 * spike as f64
}

fn loss(times: &[Vec<f64>]) -> f64 {
    let spikes = times.iter().enumerate().flat_map(|(neuron, times)| {
        times
            .iter()
            .enumerate()
            .map(move |(spike, time)| error_of(neuron, spike) * time)
    });
    spikes.sum()
}

/// Exact gradients of [`loss`]: weights layer by layer, and input times.
fn exact(case: &Case) -> (Vec<Vec<f64>>, Vec<f64>) {
    let network = case.network();
    let mut activity = Activity::new();
    let output = network.forward(&case.input(), &mut activity).unwrap();
    let mut spikes = vec![0; output.population()];
    let d_times = output
        .neurons()
        .iter()
        .map(|&neuron| {
            let neuron = neuron as usize;
            spikes[neuron] += 1;
            error_of(neuron, spikes[neuron] - 1)
        })
        .collect();
    let mut gradient = network.zero_gradient();
    let d_input = network
        .backward(
            &mut activity,
            d_times,
            &Guards::default(),
            &mut gradient,
            true,
        )
        .unwrap();
    let weights = gradient.weights_mut().map(|weights| weights.to_rows());
    (weights.collect(), d_input.unwrap())
}

/// The central difference under `change(case, step)`; `None` where a spike appears, vanishes or moves too steeply to be
/// differenced.
fn difference(case: &Case, change: impl Fn(&mut Case, f64)) -> Option<f64> {
    let (times, spikes) = case.run();
    let slope_at = |step: f64| {
        let shifted = |step| {
            let mut shifted = case.clone();
            change(&mut shifted, step);
            shifted
                .events
                .is_sorted_by(|a, b| a.0 <= b.0)
                .then(|| shifted.run())
        };
        let ((above, spikes_above), (below, spikes_below)) = (shifted(step)?, shifted(-step)?);
        let same = spikes_above == spikes && spikes_below == spikes;
        let lengths = |times: &[Vec<f64>]| times.iter().map(Vec::len).collect::<Vec<_>>();
        let same = same && lengths(&above) == lengths(&times) && lengths(&below) == lengths(&times);
        same.then(|| (loss(&above) - loss(&below)) / (2.0 * step))
    };
    let (coarse, fine) = (slope_at(1e-5)?, slope_at(5e-6)?);
    // Two steps that disagree say that the difference itself is not to be trusted (a grazing spike).
    ((coarse - fine).abs() < 1e-5 * (1.0 + fine.abs())).then_some(fine)
}

fn agree(exact: f64, difference: f64) -> bool {
    (exact - difference).abs() < 1e-4 * (1.0 + difference.abs())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn gradients_are_those_of_central_differences(case in case()) {
        let (d_weights, d_input) = exact(&case);
        for (layer, found) in d_weights.iter().enumerate() {
            for (index, &found) in found.iter().enumerate() {
                let change = |case: &mut Case, step| case.weights[layer][index] += step;
                if let Some(expected) = difference(&case, change) {
                    prop_assert!(agree(found, expected), "weight {layer}.{index}: {found} {expected}");
                }
            }
        }
        for (index, &found) in d_input.iter().enumerate() {
            // An event at the start cannot be moved both ways.
            if case.events[index].0 <= 1e-4 {
                continue;
            }
            let change = |case: &mut Case, step| case.events[index].0 += step;
            if let Some(expected) = difference(&case, change) {
                prop_assert!(agree(found, expected), "input {index}: {found} {expected}");
            }
        }
    }
}

#[test]
fn most_differences_can_be_trusted() {
    // The property above skips what cannot be differenced; this keeps it from skipping everything.
    let case = Case {
        neuron: LifParameters {
            tau_m: 1.7,
            tau_s: 1.0,
            theta: 0.25,
            reset: 0.2,
            max_spikes: 4,
            t_max: 8.0,
        },
        sizes: vec![2, 3, 2],
        weights: vec![
            vec![0.9, 0.4, 1.2, -0.3, 0.5, 0.8],
            vec![0.7, 0.3, -0.2, 0.4, 0.9, 1.1],
        ],
        events: vec![(0.2, 0), (0.9, 1), (1.3, 0)],
    };
    let (d_weights, _) = exact(&case);
    let mut checked = 0;
    for (layer, found) in d_weights.iter().enumerate() {
        for (index, &found) in found.iter().enumerate() {
            let change = |case: &mut Case, step| case.weights[layer][index] += step;
            if let Some(expected) = difference(&case, change) {
                assert!(agree(found, expected));
                checked += usize::from(expected != 0.0);
            }
        }
    }
    assert!(checked >= 8, "only {checked} differences");
}

#[test]
fn a_bound_on_the_inverse_slope_scales_the_gradient() {
    let neuron = Lif::new(&LifParameters {
        tau_m: 2.0,
        tau_s: 1.0,
        theta: 0.25,
        reset: 0.25,
        max_spikes: 1,
        t_max: 8.0,
    })
    .unwrap();
    let layer = Dense::new(neuron, Weights::from_rows(1, 1, &[1.0]).unwrap()).unwrap();
    let mut input = SpikeBatch::new(1);
    input.push_sample([(0.5, 0)]).unwrap();
    let mut tape = noctule_core::Tape::new();
    layer.forward(&input, &mut tape).unwrap();
    let mut gradient_with = |max_inverse_slope| {
        let errors = TimeErrors {
            d_times: &[1.0],
            max_inverse_slope,
        };
        let mut gradient = Weights::zeros(1, 1);
        layer
            .backward(&mut tape, errors, &mut gradient, false)
            .unwrap();
        gradient.get(0, 0)
    };
    let exact = gradient_with(f64::INFINITY);
    assert!(exact < 0.0);
    let clipped = gradient_with(0.5);
    assert!(clipped < 0.0 && clipped > exact);
    assert!((gradient_with(1e-3) / clipped - 2e-3).abs() < 1e-9);
}
