//! Exact gradients against central differences, on random networks.

mod support;

use noctule_core::{
    Gradients, LifParameters, Network, Regularisation, SpikeBatch, SpikingLayer, Tensor,
};
use proptest::prelude::*;
use support::{Runner, alone, clipped, engine};

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
        let mut network = Network::new(self.sizes[0]).unwrap();
        for (pair, weights) in self.sizes.windows(2).zip(&self.weights) {
            let weights = Tensor::new(&[pair[1], pair[0]], weights.clone()).unwrap();
            network = network
                .layer(SpikingLayer::dense(self.neuron, weights).unwrap())
                .unwrap();
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
        let mut runner = Runner::new(engine(), &self.network());
        let output = runner.forward(&self.input(), None);
        let mut times = vec![Vec::new(); output.population()];
        for (&time, &neuron) in output.times().iter().zip(output.neurons()) {
            times[neuron as usize].push(time);
        }
        (
            times,
            runner.spikes().iter().map(SpikeBatch::spikes).collect(),
        )
    }
}

/// The derivative of a spike's time in the loss of the tests: different for every spike.
fn error_of(neuron: usize, spike: usize) -> f64 {
    1.0 + 0.7 * neuron as f64 - 0.3 * spike as f64
}

fn loss(times: &[Vec<f64>]) -> f64 {
    let spikes = times.iter().enumerate().flat_map(|(neuron, times)| {
        let times = times.iter().enumerate();
        times.map(move |(spike, time)| error_of(neuron, spike) * time)
    });
    spikes.sum()
}

/// Exact gradients of [`loss`].
fn exact(case: &Case) -> Gradients<f64> {
    let mut runner = Runner::new(engine(), &case.network());
    let output = runner.forward(&case.input(), None);
    let mut spikes = vec![0; output.population()];
    let d_times = output.neurons().iter().map(|&neuron| {
        let neuron = neuron as usize;
        spikes[neuron] += 1;
        error_of(neuron, spikes[neuron] - 1)
    });
    let d_times: Vec<f64> = d_times.collect();
    let gradients = runner.exact(&d_times);
    assert_eq!(gradients.tensors.len(), case.weights.len());
    assert_eq!(gradients.input_times.len(), case.events.len());
    gradients
}

/// The central difference under `change(case, step)`; `None` where a spike appears, vanishes or moves too steeply to be
/// differenced.
fn difference(case: &Case, change: impl Fn(&mut Case, f64)) -> Option<f64> {
    let (times, spikes) = case.run();
    let slope_at = |step: f64| {
        let shifted = |step| {
            let mut shifted = case.clone();
            change(&mut shifted, step);
            let is_sorted = shifted.events.is_sorted_by(|a, b| a.0 <= b.0);
            is_sorted.then(|| shifted.run())
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
        let gradients = exact(&case);
        for layer in 0..case.weights.len() {
            for (index, &found) in gradients.weights(layer).unwrap().as_slice().iter().enumerate() {
                let change = |case: &mut Case, step| case.weights[layer][index] += step;
                if let Some(expected) = difference(&case, change) {
                    prop_assert!(agree(found, expected), "weight {layer}.{index}: {found} {expected}");
                }
            }
        }
        for (index, &found) in gradients.input_times.iter().enumerate() {
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
    let gradients = exact(&case);
    let mut checked = 0;
    for layer in 0..2 {
        for (index, &found) in gradients
            .weights(layer)
            .unwrap()
            .as_slice()
            .iter()
            .enumerate()
        {
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
    let neuron = LifParameters {
        tau_m: 2.0,
        tau_s: 1.0,
        theta: 0.25,
        reset: 0.25,
        max_spikes: 1,
        t_max: 8.0,
    };
    let weights = Tensor::new(&[1, 1], vec![1.0_f64]).unwrap();
    let network = alone(SpikingLayer::dense(neuron, weights).unwrap());
    let mut input = SpikeBatch::new(1);
    input.push_sample([(0.5, 0)]).unwrap();
    let mut runner = Runner::new(engine(), &network);
    assert_eq!(runner.forward(&input, None).spikes(), 1);
    let mut gradient_with = |regularisation: &Regularisation| {
        runner
            .backward(&[1.0], regularisation)
            .weights(0)
            .unwrap()
            .as_slice()[0]
    };
    let exact = gradient_with(&Regularisation::default());
    assert!(exact < 0.0);
    let half = gradient_with(&clipped(0.5));
    assert!(half < 0.0 && half > exact);
    assert!((gradient_with(&clipped(1e-3)) / half - 2e-3).abs() < 1e-9);
}
