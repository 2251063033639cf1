//! [`SumPool2d`]: a layer that merges the spike trains of neighbouring neurons.

use crate::shape::{MOST_NEURONS, Shape, WindowError, pixel_and_channel};

/// Sum pooling: merges the spike trains in every `size x size` window of an image, channel by channel.
///
/// Spikes keep their times and change their neurons. The windows tile the image.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SumPool2d {
    input: Shape,
    output: Shape,
    size: usize,
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
        Ok(Self {
            input,
            output,
            size,
        })
    }

    /// The shape of the input images.
    pub fn input_shape(&self) -> Shape {
        self.input
    }

    /// The shape of the pooled images.
    pub fn output_shape(&self) -> Shape {
        self.output
    }

    /// Height and width of the window.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The pooled neuron that emits the spikes of an input neuron.
    pub fn pooled(&self, neuron: u32) -> u32 {
        let (pixel, channel) = pixel_and_channel(neuron as usize, self.input.channels);
        let (y, x) = (pixel / self.input.width, pixel % self.input.width);
        let pooled = (y / self.size) * self.output.width + x / self.size;
        (pooled * self.output.channels + channel) as u32
    }
}
