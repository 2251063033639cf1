//! Which spikes a batch refuses, and how it is filled.

use noctule_core::{SampleMut, SpikeBatch, SpikeError};

/// Lists of spikes, and the position and kind of what is wrong in them.
fn wrong() -> Vec<(Vec<(f32, u32)>, &'static str)> {
    vec![
        (vec![(0.1, 0), (f32::NAN, 1)], "not finite"),
        (vec![(0.1, 0), (f32::INFINITY, 1)], "not finite"),
        (vec![(-0.1, 0)], "negative"),
        (vec![(0.2, 0), (0.1, 1)], "earlier"),
        (vec![(0.1, 3)], "neuron 3 does not exist"),
    ]
}

#[test]
fn wrong_spikes_are_refused_and_leave_the_batch_as_it_was() {
    let mut batch = SpikeBatch::new(3);
    batch.push_sample([(0.1_f32, 2)]).unwrap();
    let before = batch.clone();
    for (spikes, what) in wrong() {
        let error = batch.push_sample(spikes).unwrap_err().to_string();
        assert!(
            error.contains(what) && error.contains("sample 1"),
            "{error}"
        );
        assert_eq!(batch, before);
    }
}

#[test]
fn samples_that_are_written_are_those_that_are_pushed() {
    // Some samples have no spikes.
    let count = |sample: usize| sample * 7 % 23;
    let spike = |sample: usize, spike: usize| (spike as f32, ((sample + spike) % 30) as u32);
    let mut pushed = SpikeBatch::new(30);
    for sample in 0..500 {
        let spikes = (0..count(sample)).map(|index| spike(sample, index));
        pushed.push_sample(spikes).unwrap();
    }
    // The population of the batch is replaced, too.
    let mut written = SpikeBatch::new(7);
    for samples in [700, 500] {
        let counts = (0..samples).map(count);
        let write = |written: Vec<SampleMut<'_, f32>>| {
            for (sample, (times, neurons)) in written.into_iter().enumerate() {
                for (index, (time, neuron)) in times.iter_mut().zip(neurons).enumerate() {
                    (*time, *neuron) = spike(sample, index);
                }
            }
        };
        written.write_samples(30, counts, write).unwrap();
    }
    assert_eq!(written, pushed);
}

#[test]
fn the_first_wrong_sample_that_is_written_is_named_and_nothing_is_left() {
    for (wrong, what) in wrong() {
        let mut batch = SpikeBatch::new(3);
        batch.push_sample([(0.1_f32, 2)]).unwrap();
        let counts = [1, wrong.len(), wrong.len()];
        let write = |written: Vec<SampleMut<'_, f32>>| {
            for (sample, (times, neurons)) in written.into_iter().enumerate() {
                let spikes = if sample == 0 { &[(0.0, 0)] } else { &wrong[..] };
                for (index, &spike) in spikes.iter().enumerate() {
                    (times[index], neurons[index]) = spike;
                }
            }
        };
        let error: SpikeError = batch.write_samples(3, counts, write).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains(what) && error.contains("sample 1"),
            "{error}"
        );
        assert_eq!((batch.samples(), batch.spikes()), (0, 0));
    }
}

#[test]
fn precise_times_keep_what_single_precision_cannot_hold() {
    let mut batch = SpikeBatch::<f32>::new(3);
    batch.push_sample([(0.5, 0)]).unwrap();
    assert!(batch.residuals().is_empty());
    let times = [400.000_012_345, 400.000_012_346, 400.1];
    let spikes = times.into_iter().zip([0, 1, 2]);
    batch.push_precise_sample(spikes).unwrap();
    assert_eq!(batch.precise_time(0), 0.5);
    for (spike, time) in times.into_iter().enumerate() {
        assert!((batch.precise_time(spike + 1) - time).abs() < 1e-11);
    }
    batch.push_sample([(1.0, 0)]).unwrap();
    assert_eq!(batch.residuals().len(), batch.spikes());
    let subset = batch.subset(&[2, 1]);
    assert_eq!(subset.precise_time(2), batch.precise_time(2));
    // Double precision loses nothing.
    let mut batch = SpikeBatch::<f64>::new(3);
    batch
        .push_precise_sample(times.into_iter().zip([0, 1, 2]))
        .unwrap();
    assert!(batch.residuals().is_empty());
}
