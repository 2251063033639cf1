//! What a batch is, and that nothing of one reaches the next.

use std::sync::Arc;

use noctule_core::{
    Batch, Engine, Images, LatencyEncoding, Pass, Pixels, Real, Shape, SpikeBatch, Window,
};

use crate::harness::{
    IMAGE, Passed, Runner, WITH_INPUT, assert_close, assert_spikes_close, by_precision,
    dense_network, image_network, must, neuron, random_input, to_f64,
};

/// A batch gives the spikes and gradients of its samples, one by one.
pub fn a_batch_is_its_samples<T: Real>(engine: &dyn Engine<T>) {
    let window = Window {
        padding: 1,
        ..Window::square(3)
    };
    let dense = (
        dense_network(&[5, 20, 4], &neuron(1.3), 81),
        random_input(5, 19, 12, 82),
    );
    let conv = (
        image_network(window, &neuron(2.0), 83),
        random_input(IMAGE.neurons(), 9, 40, 84),
    );
    for (network, input) in [dense, conv] {
        let mut runner = Runner::new(engine, &network);
        let together = runner.run(&input, WITH_INPUT);
        let mut sums: Vec<Vec<f64>> = Vec::new();
        for sample in 0..input.samples() {
            let alone = runner.run(&input.subset(&[sample as u32]), WITH_INPUT);
            let what = format!("sample {sample} alone");
            for (alone, together) in alone.spikes.iter().zip(&together.spikes) {
                let together = together.subset(&[sample as u32]);
                let allowed = by_precision::<T>(1e-12, 1e-5);
                assert_spikes_close(alone, &together, allowed, &what);
            }
            let own = &together.input_times[input.range(sample)];
            let allowed = by_precision::<T>(1e-9, 1e-3);
            assert_close(&alone.input_times, &to_f64(own), allowed, &what);
            let tensors = alone.gradient.values();
            let values: Vec<Vec<f64>> = tensors.map(|tensor| to_f64(tensor.as_slice())).collect();
            sums.resize_with(values.len(), Vec::new);
            for (sum, values) in sums.iter_mut().zip(values) {
                sum.resize(values.len(), 0.0);
                sum.iter_mut()
                    .zip(values)
                    .for_each(|(sum, value)| *sum += value);
            }
        }
        for ((name, tensor), sum) in together.gradient.iter().zip(&sums) {
            let what = format!("the gradient of {name} and its sum over the samples");
            assert_close(tensor.as_slice(), sum, by_precision::<T>(1e-9, 1e-3), &what);
        }
    }
}

/// Samples without events give no spikes; a batch without samples gives nothing.
pub fn empty_samples_and_empty_batches<T: Real>(engine: &dyn Engine<T>) {
    let network = image_network::<T>(Window::square(3), &neuron(2.0), 91);
    let full = random_input::<T>(IMAGE.neurons(), 2, 40, 92);
    let mut input = SpikeBatch::new(IMAGE.neurons());
    for sample in [None, Some(0), None, Some(1)] {
        let spikes = sample.map(|sample| full.sample(sample));
        let events = spikes.into_iter().flat_map(|spikes| {
            spikes
                .times
                .iter()
                .copied()
                .zip(spikes.neurons.iter().copied())
        });
        must(input.push_sample(events), "an empty sample");
    }
    let mut runner = Runner::new(engine, &network);
    let expected = runner.run(&full, WITH_INPUT);
    let found = runner.run(&input, WITH_INPUT);
    for (found, expected) in found.spikes.iter().zip(&expected.spikes) {
        assert_eq!(found.samples(), 4, "a layer lost a sample");
        let allowed = by_precision::<T>(1e-12, 1e-5);
        assert_spikes_close(
            &found.subset(&[1, 3]),
            expected,
            allowed,
            "between empty samples",
        );
        let empty = found.subset(&[0, 2]);
        assert_eq!(empty.spikes(), 0, "an empty sample gives spikes");
    }
    let allowed = by_precision::<T>(1e-9, 1e-3);
    assert_close(
        &found.input_times,
        &to_f64(&expected.input_times),
        allowed,
        "empty samples",
    );

    for empty in [
        SpikeBatch::new(IMAGE.neurons()),
        input.subset(&[0]),
        input.subset(&[0, 2]),
    ] {
        let none = runner.run(&empty, WITH_INPUT);
        let quiet = none
            .spikes
            .iter()
            .all(|layer| layer.spikes() == 0 && layer.samples() == empty.samples());
        assert!(quiet, "{} empty samples give spikes", empty.samples());
        let zero = |value: &T| *value == T::zero();
        assert!(
            none.gradient
                .values()
                .all(|tensor| tensor.as_slice().iter().all(zero))
        );
        assert!(none.input_times.is_empty());
    }
}

/// One session after another batch gives what a new session gives, bit for bit.
pub fn a_used_session_is_as_good_as_a_new_one<T: Real>(engine: &dyn Engine<T>) {
    let window = Window {
        padding: 1,
        ..Window::square(3)
    };
    let network = image_network::<T>(window, &neuron(2.0), 101);
    let mut used = Runner::new(engine, &network);
    for (index, samples) in [17, 3, 0, 70, 1, 5].into_iter().enumerate() {
        let input = random_input(IMAGE.neurons(), samples, 30, 102 + index as u64);
        let fresh = Runner::new(engine, &network).run(&input, WITH_INPUT);
        let again = used.run(&input, WITH_INPUT);
        assert_same(
            &again,
            &fresh,
            &format!("batch {index}, of {samples} samples"),
        );
        // Going back twice gives the same.
        let spikes = used.run(&input, WITH_INPUT);
        assert_same(&spikes, &fresh, &format!("batch {index} again"));
    }
}

fn assert_same<T: Real>(found: &Passed<T>, expected: &Passed<T>, what: &str) {
    assert!(found.spikes == expected.spikes, "{what}: the spikes differ");
    assert!(
        found.gradient == expected.gradient,
        "{what}: the gradients differ"
    );
    assert!(
        found.input_times == expected.input_times,
        "{what}: the input gradients differ"
    );
}

/// Samples selected from a stored set are those samples, in this order.
pub fn stored_samples_are_loaded_samples<T: Real>(engine: &dyn Engine<T>) {
    let network = dense_network::<T>(&[5, 8, 3], &neuron(2.0), 111);
    let input = random_input::<T>(5, 9, 10, 112);
    let labels: Vec<u32> = (0..9).map(|sample| sample % 3).collect();
    let mut runner = Runner::new(engine, &network);
    let other = Batch::events(random_input::<T>(5, 2, 10, 113), Vec::new());
    let other = must(runner.session.store(&other), "storing a set");
    let set = Batch::events(input.clone(), labels);
    let set = must(runner.session.store(&set), "storing a set");
    assert_ne!(set, other, "two stored sets have one number");
    for samples in [vec![0, 1, 2], vec![8, 3, 3, 0], vec![], vec![4]] {
        must(runner.session.select(set, &samples), "selecting samples");
        let selected = must(runner.session.input(), "reading the input").into_owned();
        assert_eq!(
            selected,
            input.subset(&samples),
            "the input of samples {samples:?}"
        );
        must(runner.session.forward(Pass::default()), "a forward pass");
        let found = runner.output();
        runner.forward(&input.subset(&samples), Pass::default());
        assert_eq!(found, runner.output(), "the output of samples {samples:?}");
    }
}

/// Images become the events of [`Images::encode`].
pub fn images_are_encoded<T: Real>(engine: &dyn Engine<T>) {
    let shape = Shape {
        height: 3,
        width: 4,
        channels: 1,
    };
    let pixels: Vec<u8> = (0..5 * 12)
        .map(|pixel| ((pixel * 83) % 256) as u8)
        .collect();
    let floats: Vec<f32> = pixels
        .iter()
        .map(|&pixel| f32::from(pixel) / 255.0)
        .collect();
    let pixels = [
        Pixels::Bytes(Arc::new(pixels)),
        Pixels::Floats(Arc::new(floats)),
    ];
    let encoding = must(LatencyEncoding::new(0.1, 3.0), "an encoding").with_silent_zero(true);
    let with_bias = must(encoding.with_bias(0.5), "a bias");
    for encoding in [encoding, with_bias] {
        for pixels in pixels.clone() {
            let images = Images {
                shape,
                pixels,
                encoding,
            };
            let expected: SpikeBatch<T> = must(images.encode(&[0, 1, 2, 3, 4]), "encoding images");
            let network = dense_network::<T>(&[images.population(), 4], &neuron(2.0), 121);
            let mut runner = Runner::new(engine, &network);
            let batch = Batch::images(images, Vec::new());
            must(runner.session.load(&batch), "loading images");
            let loaded = must(runner.session.input(), "reading the input").into_owned();
            assert_eq!(loaded, expected, "the events of loaded images");
            let set = must(runner.session.store(&batch), "storing images");
            must(runner.session.select(set, &[3, 1]), "selecting images");
            let selected = must(runner.session.input(), "reading the input").into_owned();
            assert_eq!(
                selected,
                expected.subset(&[3, 1]),
                "the events of selected images"
            );
            must(runner.session.forward(Pass::default()), "a forward pass");
            let found = runner.output();
            runner.forward(&selected, Pass::default());
            assert_eq!(
                found,
                runner.output(),
                "the output of images and of their events"
            );
        }
    }
}
