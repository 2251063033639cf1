//! A convolution over images of spiking neurons.

use std::ops::Range;

use super::projected;
use super::shape::{MOST_NEURONS, MOST_VIEWS};
use super::{Shape, ShapeError, Tape, TimeErrors, Weights, Window, WindowError};
use crate::engine::patches::Patches;
use crate::engine::project::Projection;
use crate::{Lif, Real, SpikeBatch};

/// A layer of neurons that look at one window of an image each; those with the same filter share their weights.
///
/// Weights have shape `[filters][window height][window width][channels]`, that is, `weights.inputs()` is the number of
/// neurons in a window. The neurons are an image again, of one channel for each filter.
///
/// ```
/// use noctule_core::{Conv2d, Lif, LifParameters, Shape, SpikeBatch, Tape, Weights, Window};
///
/// let neuron = Lif::new(&LifParameters {
///     tau_m: 0.020, tau_s: 0.010, theta: 1.0, reset: 1.0, max_spikes: 1, t_max: 0.1,
/// })?;
/// let image = Shape { height: 3, width: 3, channels: 1 };
/// let filter = Weights::from_rows(1, 4, &[300.0_f64, 100.0, 100.0, 300.0])?; // A falling diagonal.
/// let layer = Conv2d::new(neuron, image, Window::square(2), filter)?;
/// assert_eq!(layer.output_shape(), Shape { height: 2, width: 2, channels: 1 });
///
/// let mut input = SpikeBatch::new(9);
/// input.push_sample([(0.000, 0), (0.001, 4), (0.002, 8)])?; // One pixel after another down the diagonal.
/// let mut tape = Tape::new();
/// layer.forward(&input, &mut tape)?;
/// assert_eq!(tape.output().sample(0).neurons, [0, 3]); // Seen in two of the four windows.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Conv2d<T> {
    neuron: Lif<T>,
    input: Shape,
    window: Window,
    output: Shape,
    weights: Weights<T>,
    patches: Patches,
}

impl<T: Real> Conv2d<T> {
    /// A convolution of images of shape `input`; `weights` has a row for each filter.
    ///
    /// # Errors
    /// If the window does not fit the images, the weights do not fit the window, or there are no filters.
    pub fn new(
        neuron: Lif<T>,
        input: Shape,
        window: Window,
        weights: Weights<T>,
    ) -> Result<Self, WindowError> {
        let (height, width) = window.places(input)?;
        if weights.outputs() == 0 {
            let what = "the number of filters";
            return Err(WindowError::Zero { what });
        }
        let expected = Self::weights_per_filter(input, window);
        if weights.inputs() != expected {
            return Err(WindowError::Weights {
                window_height: window.height,
                window_width: window.width,
                channels: input.channels,
                expected,
                found: weights.inputs(),
            });
        }
        let output = Shape {
            height,
            width,
            channels: weights.outputs(),
        };
        if output.neurons() > MOST_NEURONS {
            return Err(WindowError::TooManyNeurons { image: output });
        }
        let windows = height * width;
        let views = windows
            .saturating_mul(window.height)
            .saturating_mul(window.width);
        if views > MOST_VIEWS {
            return Err(WindowError::TooManyViews {
                windows,
                window_height: window.height,
                window_width: window.width,
            });
        }
        Ok(Self {
            neuron,
            input,
            window,
            output,
            weights,
            patches: patches(input, window, output),
        })
    }

    /// Number of weights of a filter: neurons in a window.
    pub fn weights_per_filter(input: Shape, window: Window) -> usize {
        window
            .height
            .saturating_mul(window.width)
            .saturating_mul(input.channels)
    }

    /// The shape of the images it takes.
    pub fn input_shape(&self) -> Shape {
        self.input
    }

    /// The shape of the image that its neurons are.
    pub fn output_shape(&self) -> Shape {
        self.output
    }

    /// What each neuron sees.
    pub fn window(&self) -> Window {
        self.window
    }

    /// The neuron.
    pub fn neuron(&self) -> &Lif<T> {
        &self.neuron
    }

    /// The weights; shape `[filters][window height * window width * channels]`.
    pub fn weights(&self) -> &Weights<T> {
        &self.weights
    }

    /// The weights, to change them.
    pub fn weights_mut(&mut self) -> &mut Weights<T> {
        &mut self.weights
    }

    /// Number of neurons that an event of an input neuron reaches.
    pub(crate) fn fan_out(&self, input: u32) -> usize {
        self.patches.places_of(input) * self.weights.outputs()
    }

    /// The filter and the place in it of the weight that an output neuron has from an input neuron; `None` if it does not
    /// see it.
    pub(crate) fn weight_between(&self, output: usize, input: usize) -> Option<(usize, usize)> {
        let (place, filter) = (output / self.output.channels, output % self.output.channels);
        let (pixel, channel) = (input / self.input.channels, input % self.input.channels);
        let Window {
            height,
            width,
            stride,
            padding,
        } = self.window;
        let along = |pixel: usize, place: usize, side: usize| {
            let offset = (pixel + padding).checked_sub(place * stride)?;
            (offset < side).then_some(offset)
        };
        let y = along(pixel / self.input.width, place / self.output.width, height)?;
        let x = along(pixel % self.input.width, place % self.output.width, width)?;
        Some((filter, (y * width + x) * self.input.channels + channel))
    }

    /// Runs the layer on a batch; the output events are on the tape afterwards.
    ///
    /// # Errors
    /// If the events come from a population of another size.
    pub fn forward(&self, input: &SpikeBatch<T>, tape: &mut Tape<T>) -> Result<(), ShapeError> {
        projected::forward(self.projection(), self.input.neurons(), input, tape)
    }

    /// Goes back over a forward pass: adds `dL/dw` to `gradient` and, if wanted, returns `dL/dt` of each input event.
    ///
    /// # Errors
    /// If the errors are not aligned with the output events, or the gradient or the tape has another shape.
    pub fn backward(
        &self,
        tape: &mut Tape<T>,
        errors: TimeErrors<'_, T>,
        gradient: &mut Weights<T>,
        want_input: bool,
    ) -> Result<Option<Vec<T>>, ShapeError> {
        projected::backward(self.projection(), tape, errors, gradient, want_input)
    }

    fn projection(&self) -> Projection<'_, T> {
        Projection {
            neuron: &self.neuron,
            neurons: self.weights.outputs(),
            weights: &self.weights,
            patches: Some(&self.patches),
        }
    }
}

/// Which windows see each pixel.
fn patches(input: Shape, window: Window, output: Shape) -> Patches {
    let Window {
        stride, padding, ..
    } = window;
    let pixels = input.height * input.width;
    let places = output.height * output.width;
    let number = |y: usize, x: usize| y * window.width + x;
    let numbers: Vec<usize> = (0..pixels)
        .map(|pixel| number(pixel / input.width + padding, pixel % input.width + padding))
        .collect();
    let origins: Vec<usize> = (0..places)
        .map(|place| number(place / output.width * stride, place % output.width * stride))
        .collect();
    Patches::new(input.channels, &numbers, &origins, |pixel| {
        let (y, x) = (pixel / input.width + padding, pixel % input.width + padding);
        let columns = seen_from(x, window.width, stride, output.width);
        let rows = seen_from(y, window.height, stride, output.height);
        rows.flat_map(|row| {
            columns
                .clone()
                .map(move |column| row * output.width + column)
        })
        .collect()
    })
}

/// Along one axis: the windows of `side` pixels that see the pixel at `position`, padding counted.
fn seen_from(position: usize, side: usize, stride: usize, windows: usize) -> Range<usize> {
    let first = (position + 1).saturating_sub(side).div_ceil(stride);
    first..(position / stride + 1).min(windows)
}
