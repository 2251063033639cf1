//! Convolution and pooling against a dense layer with the same weights written out.

mod support;

use noctule_core::{
    LayerError, LayerRegularisation, LifParameters, Loss, Network, NetworkError, Pass,
    Regularisation, Shape, SpikeBatch, SpikeCount, SpikingLayer, SumPool2d, Tensor, TensorGroup,
    TensorName, Tensors, Window, WindowError,
};
use proptest::prelude::*;
use support::{Runner, alone, clipped, engine};

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
                window.positions(image).ok()?;
                Some((image, window, filters, constants))
            },
        )
        .prop_flat_map(|(image, window, filters, (ratio, t_max))| {
            let count = filters * window.weights_per_filter(image);
            let weights = prop::collection::vec(-0.7..1.3_f64, count);
            // A coarse grid of times: many events coincide.
            let event = (0..40_u32, 0..image.neurons() as u32);
            let event = event.prop_map(|(time, neuron)| (0.1 * f64::from(time), neuron));
            let sample = prop::collection::vec(event, 0..24).prop_map(|mut events| {
                events.sort_by(|a, b| a.0.total_cmp(&b.0));
                events
            });
            let neuron = LifParameters {
                tau_m: ratio,
                t_max,
                ..NEURON
            };
            (weights, prop::collection::vec(sample, 1..4)).prop_map(move |(weights, samples)| {
                Case {
                    neuron,
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
    fn convolution(&self) -> Network<f64> {
        let Window { height, width, .. } = self.window;
        let shape = [self.filters, height, width, self.image.channels];
        let weights = Tensor::new(&shape, self.weights.clone()).unwrap();
        alone(SpikingLayer::conv2d(self.neuron, self.image, self.window, weights).unwrap())
    }

    /// For every weight of the dense layer that does the same, the weight of the convolution that it is, if any; shape
    /// `[outputs][inputs]`. Written from the definition of a convolution, and from nothing of the engine.
    fn shared(&self) -> Vec<Option<usize>> {
        let (rows, columns) = self.window.positions(self.image).unwrap();
        let Shape {
            height,
            width,
            channels,
        } = self.image;
        let Window {
            stride, padding, ..
        } = self.window;
        let mut shared = Vec::new();
        for position in 0..rows * columns {
            for filter in 0..self.filters {
                for input in 0..height * width * channels {
                    let (pixel, channel) = (input / channels, input % channels);
                    let y = (pixel / width + padding) as i64 - (position / columns * stride) as i64;
                    let x = (pixel % width + padding) as i64 - (position % columns * stride) as i64;
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

    fn dense(&self) -> Network<f64> {
        let weight = |shared: Option<usize>| shared.map_or(0.0, |index| self.weights[index]);
        let weights: Vec<f64> = self.shared().into_iter().map(weight).collect();
        let inputs = self.image.neurons();
        let weights = Tensor::new(&[weights.len() / inputs, inputs], weights).unwrap();
        alone(SpikingLayer::dense(self.neuron, weights).unwrap())
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
    let mut pairs = a.iter().zip(b);
    a.len() == b.len() && pairs.all(|(a, b)| (a - b).abs() <= tolerance * largest)
}

/// Spikes of every sample, by neuron and then by time: simultaneous spikes may come in any order of rounding.
fn sorted(events: &SpikeBatch<f64>) -> Vec<Vec<(u32, f64)>> {
    let sample = |sample| {
        let spikes = events.sample(sample);
        let neurons = spikes.neurons.iter().copied();
        let mut pairs: Vec<_> = neurons.zip(spikes.times.iter().copied()).collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        pairs
    };
    (0..events.samples()).map(sample).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_convolution_is_a_dense_layer_with_shared_weights(case in case()) {
        let mut ours = Runner::new(engine(), &case.convolution());
        let mut theirs = Runner::new(engine(), &case.dense());
        let input = case.input();
        let (output, expected) = (ours.forward(&input, None), theirs.forward(&input, None));
        let (a, b) = (sorted(&output), sorted(&expected));
        for (a, b) in a.iter().zip(&b) {
            prop_assert_eq!(a.len(), b.len());
            for (a, b) in a.iter().zip(b) {
                prop_assert_eq!(a.0, b.0);
                prop_assert!((a.1 - b.1).abs() < 1e-9, "{:?} {:?}", a, b);
            }
        }

        let found = ours.backward(&errors_of(&output), &clipped(1e3));
        let apart = theirs.backward(&errors_of(&expected), &clipped(1e3));
        prop_assert!(close(&found.input_times, &apart.input_times, 1e-6));

        let mut together = vec![0.0; case.weights.len()];
        for (shared, &slope) in case.shared().into_iter().zip(apart.weights(0).unwrap().as_slice()) {
            if let Some(index) = shared {
                together[index] += slope;
            }
        }
        prop_assert!(close(found.weights(0).unwrap().as_slice(), &together, 1e-6));
    }

    #[test]
    fn over_an_image_of_one_pixel_it_is_dense_to_the_bit(mut case in case()) {
        let channels = case.image.neurons();
        case.image = Shape { height: 1, width: 1, channels };
        case.window = Window::square(1);
        let weights = case.weights.iter().copied().cycle().take(case.filters * channels);
        case.weights = weights.collect();
        let ours = Runner::new(engine(), &case.convolution()).forward(&case.input(), None);
        let theirs = Runner::new(engine(), &case.dense()).forward(&case.input(), None);
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn pooling_by_one_is_the_identity(case in case()) {
        let layer = SumPool2d::new(case.image, 1).unwrap();
        let input = case.input();
        let mut runner = Runner::new(engine(), &alone(layer));
        prop_assert_eq!(&runner.forward(&input, None), &input);
        let errors = errors_of(&input);
        let found = runner.exact(&errors);
        prop_assert_eq!(found.input_times, errors);
        prop_assert!(found.tensors.is_empty());
    }
}

/// Two filters with padding over images of two channels, of which only the weights from the first pixel of the window
/// and its first channel are not 0.
fn boosted_convolution(first_weight: f64) -> Runner<f64> {
    let image = Shape {
        height: 3,
        width: 3,
        channels: 2,
    };
    let window = Window {
        padding: 1,
        ..Window::square(2)
    };
    let mut weights = Tensor::zeros(&[2, 2, 2, 2]);
    (weights.as_mut_slice()[0], weights.as_mut_slice()[8]) = (first_weight, first_weight);
    let layer = SpikingLayer::conv2d(NEURON, image, window, weights).unwrap();
    let mut runner = Runner::new(engine(), &alone(layer));
    let mut input = SpikeBatch::new(image.neurons());
    // Both channels of the pixel at row 0, column 1, and the far corner.
    input.push_sample([(0.0, 2), (0.1, 3), (0.2, 16)]).unwrap();
    // Filter 1 of the window whose corner is at row -1, column 0.
    let (windows_before, filters, filter) = (1, 2, 1);
    runner.load(&input, &[windows_before * filters + filter]);
    runner.session.forward(Pass::default()).unwrap();
    runner
}

fn boost() -> Regularisation {
    let silent_boost = 5.0;
    Regularisation {
        layers: vec![LayerRegularisation {
            silent_boost,
            ..LayerRegularisation::default()
        }],
        ..Regularisation::default()
    }
}

/// The gradient of filter 1 from channels 0 and 1 of window row 1, column 1, and that of all weights together.
fn raised(gradient: &Tensors<f64>) -> ([f64; 2], f64) {
    let gradient = &gradient[&TensorName::weights(0)];
    let row = gradient.row(1);
    ([row[6], row[7]], gradient.as_slice().iter().sum())
}

#[test]
fn a_silent_output_neuron_of_a_convolution_is_boosted_through_its_window() {
    // Both filters spike elsewhere, so that only the neuron of the true class is boosted.
    let mut runner = boosted_convolution(5.0);
    let output = runner.output();
    let filters = output.neurons().iter().map(|neuron| neuron % 2);
    assert_eq!(filters.clone().min().zip(filters.max()), Some((0, 1)));
    assert_eq!(output.counts(0)[3], 0);
    let gradients = runner
        .session
        .set_time_gradients(&vec![0.0; output.spikes()], 0.0, &[]);
    gradients.unwrap();
    runner.session.backward(&boost(), 1.0).unwrap();
    assert_eq!(
        raised(&runner.read(TensorGroup::Gradient)),
        ([-5.0, -5.0], -10.0)
    );

    // Both are silent in the whole batch, so that all of their 16 weights are raised, too.
    let mut runner = boosted_convolution(0.0);
    assert_eq!(runner.output().spikes(), 0);
    let loss = Loss::from(SpikeCount {
        target_true: 5.0,
        target_false: 1.0,
    });
    runner.session.loss(&loss).unwrap();
    runner.session.backward(&boost(), 1.0).unwrap();
    let all = -5.0 * 16.0;
    assert_eq!(
        raised(&runner.read(TensorGroup::Gradient)),
        ([-10.0, -10.0], all - 10.0)
    );
}

#[test]
fn shapes_that_do_not_fit_are_both_shown() {
    let image = Shape {
        height: 4,
        width: 6,
        channels: 2,
    };
    let weights = Tensor::<f64>::zeros(&[5, 2, 2, 2]);
    let layer = SpikingLayer::conv2d(NEURON, image, Window::square(2), weights.clone()).unwrap();
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
        NetworkError::Layer {
            source: LayerError::Window(WindowError::NotTiled { .. }),
            ..
        }
    ));
    assert!(error.to_string().contains("4 x 6 x 2"), "{error}");

    let square = |side| SpikingLayer::conv2d(NEURON, image, Window::square(side), weights.clone());
    let too_large = square(5).unwrap_err();
    assert!(
        too_large.to_string().contains("5 x 5 window"),
        "{too_large}"
    );
    assert!(too_large.to_string().contains("4 x 6 x 2"), "{too_large}");
    let wrong = square(3).unwrap_err();
    let message = wrong.to_string();
    assert!(
        message.contains("18") && message.contains("there are 8"),
        "{message}"
    );
}
