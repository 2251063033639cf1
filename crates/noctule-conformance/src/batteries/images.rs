//! Images and sets that are refused.

use std::sync::Arc;

use noctule_core::{
    Batch, Engine, Images, LatencyEncoding, Loss, Network, Pass, Pixels, Real, Shape, SpikeBatch,
    SpikeCount, StoredSet,
};

use crate::harness::{Runner, dense_network, must, neuron};
use crate::refused::{self, refused, unless_too_early};

const SHAPE: Shape = Shape {
    height: 2,
    width: 3,
    channels: 1,
};
const SAMPLES: usize = 3;
const LOSS: Loss = Loss::SpikeCount(SpikeCount {
    target_true: 4.0,
    target_false: 1.0,
});

fn network<T: Real>() -> Network<T> {
    dense_network(&[SHAPE.neurons(), 3], &neuron(2.0), 281)
}

/// Labelled images with these intensities.
fn images<T: Real>(values: Vec<f32>) -> Batch<T> {
    let images = Images {
        shape: SHAPE,
        pixels: Pixels::Floats(Arc::new(values)),
        encoding: must(LatencyEncoding::new(0.1, 3.0), "an encoding"),
    };
    let labels = (0..images.len() as u32).map(|image| image % 3).collect();
    Batch::images(images, labels)
}

fn intensities(images: usize) -> Vec<f32> {
    let values = 0..images * SHAPE.neurons();
    values
        .map(|value| ((value * 37) % 101) as f32 / 100.0)
        .collect()
}

/// Intensities that are NaN, below 0 or above 1 are refused by `load` and by `store`.
pub fn intensities_out_of_range<T: Real>(engine: &dyn Engine<T>) {
    let mut runner = Runner::new(engine, &network::<T>());
    for value in [f32::NAN, 1.5, -0.25, f32::INFINITY] {
        for index in [0, SHAPE.neurons() * SAMPLES - 1] {
            let mut values = intensities(SAMPLES);
            values[index] = value;
            let batch = images(values);
            let what = format!("intensity {index}, which is {value}");
            let session = &mut runner.session;
            refused(session.store(&batch), refused::intensity, &what);
            refused(session.load(&batch), refused::intensity, &what);
            let first = unless_too_early(session.forward(Pass::default()), "a forward pass");
            assert!(
                first.is_none(),
                "{what} is refused, and yet there are samples"
            );
        }
    }
    let good = must(runner.session.store(&images(intensities(SAMPLES))), "a set");
    must(runner.session.select(good, &[2, 0]), "selecting images");
    must(runner.session.forward(Pass::default()), "a forward pass");
}

/// After a refused `load` or `select` the earlier batch is still there, or calls ask for a new one.
pub fn refused_samples_leave_the_batch_or_none<T: Real>(engine: &dyn Engine<T>) {
    let mut bad = intensities(2);
    bad[3] = f32::NAN;
    let bad = images(bad);
    let other = Batch::events(SpikeBatch::new(SHAPE.neurons() + 1), Vec::new());
    let mut runner = Runner::new(engine, &network::<T>());
    let set = must(runner.session.store(&images(intensities(5))), "a set");
    for is_selected in [false, true] {
        for (refusal, what) in ["NaN", "inputs", "sample", "set"].into_iter().enumerate() {
            let session = &mut runner.session;
            if is_selected {
                must(session.select(set, &[4, 1, 0]), "selecting images");
            } else {
                must(session.load(&images(intensities(SAMPLES))), "images");
            }
            must(session.forward(Pass::default()), "a forward pass");
            let input = must(session.input(), "reading the input").into_owned();
            let output = runner.output();
            let session = &mut runner.session;
            match refusal {
                0 => refused(session.load(&bad), refused::intensity, what),
                1 => refused(session.load(&other), refused::inputs, what),
                2 => refused(session.select(set, &[0, 5]), refused::no_such_sample, what),
                _ => {
                    let selected = session.select(StoredSet { index: 9 }, &[0]);
                    refused(selected, refused::no_such_set, what);
                }
            }
            usable_or_none(&mut runner, &input, &output, what);
        }
    }
}

/// Checks that the session has this batch, or asks for a new one.
fn usable_or_none<T: Real>(
    runner: &mut Runner<T>,
    input: &SpikeBatch<T>,
    output: &SpikeBatch<T>,
    what: &str,
) {
    let what = format!("after a refused batch ({what})");
    let session = &mut runner.session;
    if let Some(found) = unless_too_early(session.input(), &what) {
        assert_eq!(*found, *input, "{what}: the input");
    }
    if let Some(found) = unless_too_early(session.spikes(0), &what) {
        assert_eq!(*found, *output, "{what}: the output");
    }
    // With or without a forward pass in between.
    unless_too_early(session.loss(&LOSS), &what);
    if unless_too_early(session.forward(Pass::default()), &what).is_some() {
        must(session.loss(&LOSS), &what);
        assert_eq!(runner.output(), *output, "{what}: the output");
    }
}
