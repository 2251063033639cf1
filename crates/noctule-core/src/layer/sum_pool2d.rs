//! Sum pooling: the spike trains of a window become one.

use super::shape::MOST_NEURONS;
use super::{Shape, ShapeError, Tape, TimeErrors, WindowError};
use crate::{Real, SpikeBatch};

/// Merges the spike trains of every `size x size` window of an image, channel by channel.
///
/// Spikes keep their times and only change their neuron, so the way back is the identity. The windows tile the image.
///
/// ```
/// use noctule_core::{Shape, SpikeBatch, SumPool2d, Tape};
///
/// let layer = SumPool2d::new(Shape { height: 2, width: 4, channels: 1 }, 2)?;
/// let mut input = SpikeBatch::<f32>::new(8);
/// input.push_sample([(0.001, 5), (0.002, 0), (0.003, 2)])?;
/// let mut tape = Tape::new();
/// layer.forward(&input, &mut tape)?;
/// assert_eq!(tape.output().sample(0).neurons, [0, 0, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SumPool2d {
    input: Shape,
    output: Shape,
    size: usize,
    /// The pooled neuron that each neuron's spikes go to.
    pooled: Vec<u32>,
}

impl SumPool2d {
    /// Pooling of images of shape `input` by windows of `size x size`.
    ///
    /// # Errors
    /// If `size` is 0 or the windows do not tile the images.
    pub fn new(input: Shape, size: usize) -> Result<Self, WindowError> {
        for (what, size) in [
            ("the size of a pooling window", size),
            ("the number of neurons of an image", input.neurons()),
        ] {
            if size == 0 {
                return Err(WindowError::Zero { what });
            }
        }
        if input.neurons() > MOST_NEURONS {
            return Err(WindowError::TooManyNeurons { image: input });
        }
        if !input.height.is_multiple_of(size) || !input.width.is_multiple_of(size) {
            return Err(WindowError::NotTiled { size, image: input });
        }
        let output = Shape {
            height: input.height / size,
            width: input.width / size,
            channels: input.channels,
        };
        let mut pooled = Vec::with_capacity(input.neurons());
        for y in 0..input.height {
            for x in 0..input.width {
                let first = ((y / size) * output.width + x / size) * output.channels;
                pooled.extend((first..first + output.channels).map(|neuron| neuron as u32));
            }
        }
        Ok(Self {
            input,
            output,
            size,
            pooled,
        })
    }

    /// The shape of the images it takes.
    pub fn input_shape(&self) -> Shape {
        self.input
    }

    /// The shape of the pooled images.
    pub fn output_shape(&self) -> Shape {
        self.output
    }

    /// Side of the window.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Runs the layer on a batch; the output events are on the tape afterwards.
    ///
    /// # Errors
    /// If the events come from a population of another size.
    pub fn forward<T: Real>(
        &self,
        input: &SpikeBatch<T>,
        tape: &mut Tape<T>,
    ) -> Result<(), ShapeError> {
        if input.population() != self.input.neurons() {
            return Err(ShapeError::Inputs {
                layer: 0,
                expected: self.input.neurons(),
                found: input.population(),
            });
        }
        tape.output
            .relabel_from(input, self.output.neurons(), |neuron| {
                self.pooled[neuron as usize]
            });
        Ok(())
    }

    /// Goes back over a forward pass: the errors of the input events are those of the output events.
    ///
    /// # Errors
    /// If the errors are not aligned with the output events.
    pub fn backward<T: Real>(
        &self,
        tape: &Tape<T>,
        errors: TimeErrors<'_, T>,
        want_input: bool,
    ) -> Result<Option<Vec<T>>, ShapeError> {
        errors.check(tape, self.output.neurons())?;
        Ok(want_input.then(|| errors.d_times.to_vec()))
    }
}
