//! Convolution and pooling against a dense layer with the same weights written out.

use noctule_core::{
    Activity, Conv2d, Dense, Lif, LifParameters, Network, Shape, ShapeError, SpikeBatch, SumPool2d,
    Tape, TimeErrors, Weights, Window, WindowError,
};
use proptest::prelude::*;

const NEURON: LifParameters = LifParameters {
    tau_m: 2.0,
    tau_s: 1.0,
    theta: 0.3,
    reset: 0.3,
    max_spikes: 4,
    t_max: 8.0,
};

/// A convolution with any window, over any small image, and events for it.
#[derive(Clone, Debug)]
struct Case {
    neuron: LifParameters,
    image: Shape,
    window: Window,
    filters: usize,
    weights: Vec<f64>,
    samples: Vec<Vec<(f64, u32)>>,
}

fn case() -> impl Strategy<Value = Case> {
    let image = (1..6_usize, 1..6_usize, 1..4_usize);
    let window = (1..4_usize, 1..4_usize, 1..4_usize, 0..3_usize);
    let ratio = prop_oneof![Just(2.0), Just(1.0), 0.4..4.0_f64];
    // Events come up to 3.9: with an early end some come too late.
    let t_max = prop_oneof![
        Just(NEURON.t_max),
        (0..40_u32).prop_map(|n| 0.05 + 0.1 * f64::from(n)),
        Just(2.0)
    ];
    (image, window, 1..20_usize, (ratio, t_max))
        .prop_filter_map(
            "the window must fit",
            |(image, window, filters, constants)| {
                let (height, width, channels) = image;
                let image = Shape {
                    height,
                    width,
                    channels,
                };
                let (height, width, stride, padding) = window;
                let window = Window {
                    height,
                    width,
                    stride,
                    padding,
                };
                window.places(image).ok()?;
                Some((image, window, filters, constants))
            },
        )
        .prop_flat_map(|(image, window, filters, (ratio, t_max))| {
            let count = filters * Conv2d::<f64>::weights_per_filter(image, window);
            let weights = prop::collection::vec(-0.7..1.3_f64, count);
            // A coarse grid of times: many events coincide.
            let event = (0..40_u32, 0..image.neurons() as u32);
            let event = event.prop_map(|(time, neuron)| (0.1 * f64::from(time), neuron));
            let sample = prop::collection::vec(event, 0..24).prop_map(|mut events| {
                events.sort_by(|a, b| a.0.total_cmp(&b.0));
                events
            });
            (weights, prop::collection::vec(sample, 1..4)).prop_map(move |(weights, samples)| {
                Case {
                    neuron: LifParameters {
                        tau_m: ratio,
                        t_max,
                        ..NEURON
                    },
                    image,
                    window,
                    filters,
                    weights,
                    samples,
                }
            })
        })
}

impl Case {
    fn neuron(&self) -> Lif<f64> {
        Lif::new(&self.neuron).unwrap()
    }

    fn convolution(&self) -> Conv2d<f64> {
        let inputs = self.weights.len() / self.filters;
        let weights = Weights::from_rows(self.filters, inputs, &self.weights).unwrap();
        Conv2d::new(self.neuron(), self.image, self.window, weights).unwrap()
    }

    /// For every weight of the dense layer that does the same, the weight of the convolution that it is, if any; shape
    /// `[outputs][inputs]`. Written from the definition of a convolution, and from nothing of the engine.
    fn shared(&self) -> Vec<Option<usize>> {
        let (rows, columns) = self.window.places(self.image).unwrap();
        let Shape {
            height,
            width,
            channels,
        } = self.image;
        let Window {
            stride, padding, ..
        } = self.window;
        let mut shared = Vec::new();
        for place in 0..rows * columns {
            for filter in 0..self.filters {
                for input in 0..height * width * channels {
                    let (pixel, channel) = (input / channels, input % channels);
                    let y = (pixel / width + padding) as i64 - (place / columns * stride) as i64;
                    let x = (pixel % width + padding) as i64 - (place % columns * stride) as i64;
                    let seen = (0..self.window.height as i64).contains(&y)
                        && (0..self.window.width as i64).contains(&x);
                    shared.push(seen.then(|| {
                        let offset = y as usize * self.window.width + x as usize;
                        let row = offset * channels + channel;
                        filter * self.window.height * self.window.width * channels + row
                    }));
                }
            }
        }
        shared
    }

    fn dense(&self) -> Dense<f64> {
        let weight = |shared: Option<usize>| shared.map_or(0.0, |index| self.weights[index]);
        let weights: Vec<f64> = self.shared().into_iter().map(weight).collect();
        let inputs = self.image.neurons();
        let weights = Weights::from_rows(weights.len() / inputs, inputs, &weights).unwrap();
        Dense::new(self.neuron(), weights).unwrap()
    }

    fn input(&self) -> SpikeBatch<f64> {
        let mut input = SpikeBatch::new(self.image.neurons());
        for sample in &self.samples {
            input.push_sample(sample.iter().copied()).unwrap();
        }
        input
    }
}

/// A different error for every neuron and spike.
fn error_of(time: f64, neuron: u32) -> f64 {
    0.4 + f64::from(neuron % 7) - time.sin()
}

fn errors_of(events: &SpikeBatch<f64>) -> Vec<f64> {
    let events = events.times().iter().zip(events.neurons());
    events
        .map(|(&time, &neuron)| error_of(time, neuron))
        .collect()
}

fn close(a: &[f64], b: &[f64], tolerance: f64) -> bool {
    let largest = b.iter().fold(1.0_f64, |largest, x| largest.max(x.abs()));
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| (a - b).abs() <= tolerance * largest)
}

/// Spikes of every sample, by neuron and then by time: simultaneous spikes may come in any order of rounding.
fn sorted(events: &SpikeBatch<f64>) -> Vec<Vec<(u32, f64)>> {
    let sample = |sample| {
        let spikes = events.sample(sample);
        let pairs = spikes
            .neurons
            .iter()
            .copied()
            .zip(spikes.times.iter().copied());
        let mut pairs: Vec<_> = pairs.collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        pairs
    };
    (0..events.samples()).map(sample).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_convolution_is_a_dense_layer_with_shared_weights(case in case()) {
        let (convolution, dense) = (case.convolution(), case.dense());
        let input = case.input();
        let (mut ours, mut theirs) = (Tape::new(), Tape::new());
        convolution.forward(&input, &mut ours).unwrap();
        dense.forward(&input, &mut theirs).unwrap();
        let (a, b) = (sorted(ours.output()), sorted(theirs.output()));
        for (a, b) in a.iter().zip(&b) {
            prop_assert_eq!(a.len(), b.len());
            for (a, b) in a.iter().zip(b) {
                prop_assert_eq!(a.0, b.0);
                prop_assert!((a.1 - b.1).abs() < 1e-9, "{:?} {:?}", a, b);
            }
        }

        let mut gradient = Weights::zeros(case.filters, convolution.weights().inputs());
        let errors = errors_of(ours.output());
        let bounded = |d_times| TimeErrors { d_times, max_inverse_slope: 1e3 };
        let d_input = convolution.backward(&mut ours, bounded(&errors), &mut gradient, true).unwrap();
        let mut apart = Weights::zeros(dense.outputs(), dense.inputs());
        let errors = errors_of(theirs.output());
        let expected = dense.backward(&mut theirs, bounded(&errors), &mut apart, true).unwrap();
        prop_assert!(close(&d_input.unwrap(), &expected.unwrap(), 1e-6));

        let mut together = vec![0.0; case.weights.len()];
        for (shared, slope) in case.shared().into_iter().zip(apart.to_rows()) {
            if let Some(index) = shared {
                together[index] += slope;
            }
        }
        prop_assert!(close(&gradient.to_rows(), &together, 1e-6));
    }

    #[test]
    fn over_an_image_of_one_pixel_it_is_dense_to_the_bit(mut case in case()) {
        let channels = case.image.neurons();
        case.image = Shape { height: 1, width: 1, channels };
        case.window = Window::square(1);
        let weights = case.weights.iter().copied().cycle().take(case.filters * channels);
        case.weights = weights.collect();
        let (mut ours, mut theirs) = (Tape::new(), Tape::new());
        case.convolution().forward(&case.input(), &mut ours).unwrap();
        case.dense().forward(&case.input(), &mut theirs).unwrap();
        prop_assert_eq!(ours.output(), theirs.output());
    }

    #[test]
    fn pooling_by_one_is_the_identity(case in case()) {
        let layer = SumPool2d::new(case.image, 1).unwrap();
        let input = case.input();
        let mut tape = Tape::new();
        layer.forward(&input, &mut tape).unwrap();
        prop_assert_eq!(tape.output(), &input);
        let errors = errors_of(&input);
        let d_input = layer.backward(&tape, TimeErrors::exact(&errors), true).unwrap();
        prop_assert_eq!(d_input, Some(errors));
    }
}

#[test]
fn a_silent_output_neuron_of_a_convolution_is_boosted_through_its_window() {
    let image = Shape {
        height: 3,
        width: 3,
        channels: 2,
    };
    let window = Window {
        padding: 1,
        ..Window::square(2)
    };
    let weights = Weights::zeros(2, Conv2d::<f64>::weights_per_filter(image, window));
    let layer = Conv2d::new(Lif::new(&NEURON).unwrap(), image, window, weights).unwrap();
    let network = Network::image(image).unwrap().layer(layer).unwrap();
    let mut input = SpikeBatch::new(image.neurons());
    // Both channels of the pixel at row 0, column 1, and the far corner.
    input.push_sample([(0.0, 2), (0.1, 3), (0.2, 16)]).unwrap();
    let mut activity = Activity::new();
    network.forward(&input, &mut activity).unwrap();
    let mut gradient = network.zero_gradient();
    // Filter 1 of the window whose corner is at row -1, column 0.
    let (windows_before, filters, filter) = (1, 2, 1);
    let silent = [(0, windows_before * filters + filter)];
    network
        .boost_silent(&input, &activity, &silent, 5.0, &mut gradient)
        .unwrap();
    let raised = gradient.layer(0).unwrap();
    // Window row 1, column 1, channels 0 and 1.
    assert_eq!((raised.get(1, 6), raised.get(1, 7)), (-5.0, -5.0));
    let total: f64 = raised.to_rows().iter().sum();
    assert_eq!(total, -10.0);
}

#[test]
fn shapes_that_do_not_fit_are_both_shown() {
    let neuron = Lif::<f64>::new(&NEURON).unwrap();
    let image = Shape {
        height: 4,
        width: 6,
        channels: 2,
    };
    let weights = Weights::zeros(5, 8);
    let layer = Conv2d::new(neuron, image, Window::square(2), weights.clone()).unwrap();
    let other = Shape {
        height: 6,
        width: 4,
        channels: 2,
    };
    let error = Network::image(other).unwrap().layer(layer).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("4 x 6 x 2") && message.contains("6 x 4 x 2"),
        "{message}"
    );

    let error = Network::<f64>::image(image)
        .unwrap()
        .sum_pool2d(4)
        .unwrap_err();
    assert!(matches!(
        error,
        ShapeError::Window {
            source: WindowError::NotTiled { .. },
            ..
        }
    ));
    assert!(error.to_string().contains("4 x 6 x 2"), "{error}");

    let too_large = Conv2d::new(neuron, image, Window::square(5), weights.clone()).unwrap_err();
    assert!(
        too_large.to_string().contains("5 x 5 window"),
        "{too_large}"
    );
    assert!(too_large.to_string().contains("4 x 6 x 2"), "{too_large}");
    let wrong = Conv2d::new(neuron, image, Window::square(3), weights).unwrap_err();
    let message = wrong.to_string();
    assert!(
        message.contains("18") && message.contains("there are 8"),
        "{message}"
    );
}
