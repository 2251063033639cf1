//! Spike times against a slow, plain simulation, and the properties that every engine must keep.

mod support;

use noctule_conformance::plain_scan;
use noctule_core::{
    Engine, Initialiser, LifParameters, Network, Real, SpikeBatch, SpikingLayer, Tensor,
};
use noctule_cpu::CpuEngine;
use proptest::prelude::*;
use support::{Runner, alone, engine};

fn spikes_of<T: Real>(parameters: &LifParameters, events: &[(f64, f64)]) -> Vec<f64>
where
    CpuEngine: Engine<T>,
{
    let weights = events.iter().map(|&(_, weight)| T::of(weight)).collect();
    let weights = Tensor::new(&[1, events.len()], weights).unwrap();
    let network = alone(SpikingLayer::dense(*parameters, weights).unwrap());
    let mut input = SpikeBatch::new(events.len());
    let arrivals = events.iter().enumerate();
    input
        .push_sample(arrivals.map(|(index, &(time, _))| (T::of(time), index as u32)))
        .unwrap();
    let output = Runner::new(engine(), &network).forward(&input, None);
    output
        .times()
        .iter()
        .map(|&time| Real::to_f64(time))
        .collect()
}

fn parameters(ratio: f64, reset: f64) -> LifParameters {
    LifParameters {
        tau_m: ratio,
        tau_s: 1.0,
        theta: 0.3,
        reset: 0.3 * reset,
        max_spikes: 6,
        t_max: 10.0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn spikes_are_those_of_a_plain_scan(
        ratio in prop_oneof![Just(1.0), Just(2.0), 0.2..5.0_f64],
        reset in 0.4..1.6_f64,
        mut times in prop::collection::vec(0.0..6.0_f64, 1..7),
        weights in prop::collection::vec(-0.5..1.2_f64, 7),
    ) {
        times.sort_by(f64::total_cmp);
        let events: Vec<(f64, f64)> = times.into_iter().zip(weights).collect();
        let parameters = parameters(ratio, reset);
        let expected = plain_scan(&parameters, &events, 1e-4);
        let found = spikes_of::<f64>(&parameters, &events);
        // A scan can step over a spike that only just touches the threshold, and what follows then differs.
        for (found, expected) in found.iter().zip(&expected) {
            if (found - expected).abs() > 1e-3 {
                break;
            }
            prop_assert!((found - expected).abs() < 1e-8, "{found} {expected}");
        }
        prop_assert!(found.len() >= expected.len(), "{found:?} {expected:?}");
    }

    #[test]
    fn time_can_be_shifted(
        shift in 0.0..2000.0_f64,
        weights in prop::collection::vec(0.3..1.0_f64, 4),
    ) {
        let events: Vec<(f64, f64)> = weights.iter().enumerate().map(|(i, &w)| (0.4 * i as f64, w)).collect();
        let mut parameters = parameters(2.0, 1.0);
        parameters.t_max = 3000.0;
        let early = spikes_of::<f64>(&parameters, &events);
        let shifted: Vec<(f64, f64)> = events.iter().map(|&(t, w)| (t + shift, w)).collect();
        let late = spikes_of::<f64>(&parameters, &shifted);
        prop_assert_eq!(early.len(), late.len());
        for (early, late) in early.iter().zip(&late) {
            prop_assert!((late - early - shift).abs() < 1e-9);
        }
    }
}

#[test]
fn f32_survives_a_thousand_time_constants() {
    for ratio in [1.0, 2.0, 3.7, 0.5] {
        let mut parameters = parameters(ratio, 1.0);
        parameters.max_spikes = 60_000;
        parameters.t_max = 1000.0;
        let events: Vec<(f64, f64)> = (0..2000)
            .map(|i| (f64::from(i) * 0.5, 0.5 + 0.3 * f64::from(i % 3)))
            .map(|(t, w)| (f64::from(t as f32), w))
            .collect();
        let double = spikes_of::<f64>(&parameters, &events);
        let single = spikes_of::<f32>(&parameters, &events);
        assert!(double.len() > 500, "ratio {ratio}: {} spikes", double.len());
        assert_eq!(single.len(), double.len(), "ratio {ratio}");
        for (single, double) in single.iter().zip(&double) {
            assert!(
                (single - double).abs() < 1e-3,
                "ratio {ratio}: {single} {double}"
            );
        }
    }
}

#[test]
fn long_silences_are_crossed() {
    let parameters = LifParameters {
        t_max: 1e6,
        ..parameters(2.0, 1.0)
    };
    let events = [(0.0, 1.5), (5e5, 1.5)];
    for spikes in [
        spikes_of::<f64>(&parameters, &events),
        spikes_of::<f32>(&parameters, &events),
    ] {
        let late = spikes.iter().filter(|&&time| time >= 5e5).count();
        assert_eq!(spikes.len(), 2 * late, "{spikes:?}");
        assert!(late > 0);
    }
}

#[test]
fn times_beyond_the_resolution_of_segments_stay_finite() {
    // In f32, 2^25 s have a resolution of 4 s: a segment of one time constant cannot be told from nothing.
    let parameters = LifParameters {
        theta: 1.0,
        reset: 1.0,
        t_max: 4e7,
        ..parameters(2.0, 1.0)
    };
    let weights = Tensor::new(&[1, 1], vec![10.0_f32]).unwrap();
    let network = alone(SpikingLayer::dense(parameters, weights).unwrap());
    let mut input = SpikeBatch::new(1);
    input.push_sample([(33_554_432.0, 0)]).unwrap();
    let mut runner = Runner::new(engine(), &network);
    let output = runner.forward(&input, None);
    let times = output.times();
    assert!(!times.is_empty());
    assert!(times.iter().all(|&time| time < 33_554_500.0), "{times:?}");
    let gradients = runner.exact(&vec![1.0; times.len()]);
    assert!(gradients.weights(0).unwrap().is_finite());
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let neuron = LifParameters {
        max_spikes: 20,
        ..parameters(2.0, 1.0)
    };
    let initialiser = Initialiser::normal(0.1, 0.3).unwrap();
    let network = Network::<f32>::new(30)
        .unwrap()
        .dense(70, &neuron, initialiser, 1)
        .unwrap()
        .dense(5, &neuron, initialiser, 2)
        .unwrap();
    let mut input = SpikeBatch::new(30);
    for sample in 0..20_u32 {
        let events = (0..30).map(|i| (0.1 * i as f32, (i * 7 + sample) % 30));
        input.push_sample(events).unwrap();
    }
    let run = |threads| {
        let mut runner = Runner::new(&CpuEngine::new(threads).unwrap(), &network);
        let output = runner.forward(&input, None);
        let d_times: Vec<f32> = (0..output.spikes()).map(|i| (i as f32).sin()).collect();
        let gradients = runner.exact(&d_times);
        (output, gradients)
    };
    let one = run(1);
    assert!(one.0.spikes() > 50);
    assert!(one == run(2) && one == run(5));
}

#[test]
fn a_batch_is_its_samples() {
    let network = Network::<f64>::new(4)
        .unwrap()
        .dense(
            20,
            &parameters(1.3, 1.0),
            Initialiser::uniform(-0.3, 1.0).unwrap(),
            3,
        )
        .unwrap();
    let samples: Vec<Vec<(f64, u32)>> = (0..9)
        .map(|sample| {
            (0..4)
                .map(|i| (0.3 * f64::from(i), (i + sample) % 4))
                .collect()
        })
        .collect();
    let mut batch = SpikeBatch::new(4);
    for sample in &samples {
        batch.push_sample(sample.iter().copied()).unwrap();
    }
    let mut runner = Runner::new(engine(), &network);
    let together = runner.forward(&batch, None);
    for (index, sample) in samples.iter().enumerate() {
        let mut alone = SpikeBatch::new(4);
        alone.push_sample(sample.iter().copied()).unwrap();
        assert_eq!(
            runner.forward(&alone, None).sample(0),
            together.sample(index)
        );
    }
}

#[test]
fn inputs_at_the_same_instant_act_together() {
    let parameters = parameters(2.0, 1.0);
    // Alone, the first input would fire the neuron; the second, at the same time, cancels it.
    assert!(!spikes_of::<f64>(&parameters, &[(1.0, 2.0)]).is_empty());
    assert!(spikes_of::<f64>(&parameters, &[(1.0, 2.0), (1.0, -2.0)]).is_empty());
}

#[test]
fn no_spike_comes_after_t_max_or_beyond_max_spikes() {
    let mut parameters = parameters(2.0, 1.0);
    let events = [(0.0, 5.0), (2.0, 5.0)];
    let all = spikes_of::<f64>(&parameters, &events);
    parameters.max_spikes = 2;
    assert_eq!(spikes_of::<f64>(&parameters, &events), all[..2]);
    parameters.max_spikes = 6;
    parameters.t_max = 0.5 * (all[1] + all[2]);
    // The last interval ends elsewhere, so the last bits may differ.
    let early = spikes_of::<f64>(&parameters, &events);
    assert_eq!(early.len(), 2);
    assert!((early[1] - all[1]).abs() < 1e-12);
}
