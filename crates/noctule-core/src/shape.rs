//! [`Shape`]: the layout of a population of neurons, and [`Window`]: the windows of a convolution.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The largest number of neurons of an image. More would not fit in memory with their spikes.
pub const MOST_NEURONS: usize = 1 << 26;
/// The largest number of pairs of a window and a pixel in it. A convolution has a table of them.
pub const MOST_VIEWS: usize = 1 << 26;

/// How a population of neurons is laid out in space.
///
/// Neuron `(y * width + x) * channels + c` is channel `c` at row `y` and column `x`. A population without a layout is
/// an image of one pixel with a channel for each neuron.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Shape {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Neurons at each pixel.
    pub channels: usize,
}

impl Shape {
    /// The shape of a population without a layout.
    pub fn flat(neurons: usize) -> Self {
        Self {
            height: 1,
            width: 1,
            channels: neurons,
        }
    }

    /// Number of neurons, `height * width * channels`. A product that does not fit a `usize` saturates.
    pub fn neurons(&self) -> usize {
        self.height
            .saturating_mul(self.width)
            .saturating_mul(self.channels)
    }

    /// Whether the population has no layout.
    pub fn is_flat(&self) -> bool {
        self.height == 1 && self.width == 1
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            height,
            width,
            channels,
        } = self;
        write!(formatter, "{height} x {width} x {channels}")
    }
}

/// Why a window was refused.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum WindowError {
    /// A dimension is 0.
    #[error("{what} must not be 0")]
    Zero {
        /// What was zero.
        what: &'static str,
    },
    /// The window is larger than the image with its padding.
    #[error(
        "a {window_height} x {window_width} window does not fit into images of {image} (height x width x channels) with a padding of {padding}"
    )]
    TooLarge {
        /// Rows of the window.
        window_height: usize,
        /// Columns of the window.
        window_width: usize,
        /// Shape of the images.
        image: Shape,
        /// Rows and columns added on every side.
        padding: usize,
    },
    /// The padding is so wide that a window could lie outside of the image.
    #[error(
        "a padding of {padding} is as wide as the {window_height} x {window_width} window; it must be smaller"
    )]
    Padding {
        /// Rows and columns added on every side.
        padding: usize,
        /// Rows of the window.
        window_height: usize,
        /// Columns of the window.
        window_width: usize,
    },
    /// Pooling windows do not tile the image.
    #[error(
        "images of {image} (height x width x channels) cannot be tiled by {size} x {size} windows; both sides must be multiples of {size}"
    )]
    NotTiled {
        /// Side of the window.
        size: usize,
        /// Shape of the images.
        image: Shape,
    },
    /// The image has more than [`MOST_NEURONS`] neurons.
    #[error("images of {image} (height x width x channels) have more than {MOST_NEURONS} neurons")]
    TooManyNeurons {
        /// Shape of the images.
        image: Shape,
    },
    /// There are too many pairs of a window and a pixel in it.
    #[error(
        "{windows} windows of {window_height} x {window_width} pixels see more than {MOST_VIEWS} pixels; use a smaller window or a larger stride"
    )]
    TooManyViews {
        /// Number of windows.
        windows: usize,
        /// Rows of the window.
        window_height: usize,
        /// Columns of the window.
        window_width: usize,
    },
    /// The number of weights of a filter is not the number of neurons in a window.
    #[error(
        "a {window_height} x {window_width} window over {channels} channels needs {expected} weights for each filter, but there are {found}"
    )]
    Weights {
        /// Rows of the window.
        window_height: usize,
        /// Columns of the window.
        window_width: usize,
        /// Channels of the images.
        channels: usize,
        /// Weights that each filter needs.
        expected: usize,
        /// Weights that each filter has.
        found: usize,
    },
}

/// The windows of a convolution: their size, and where they lie on the image. Each neuron receives the inputs in one.
///
/// ```
/// use noctule_core::{Shape, Window};
///
/// let image = Shape { height: 28, width: 28, channels: 1 };
/// assert_eq!(Window::square(5).positions(image)?, (24, 24));
/// assert_eq!(Window { stride: 2, padding: 2, ..Window::square(5) }.positions(image)?, (14, 14));
/// # Ok::<(), noctule_core::WindowError>(())
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Window {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Rows and columns from one window to the next.
    pub stride: usize,
    /// Silent rows and columns added on every side of the image.
    pub padding: usize,
}

impl Window {
    /// A square window that moves one pixel at a time over an image without padding.
    pub fn square(side: usize) -> Self {
        Self {
            height: side,
            width: side,
            stride: 1,
            padding: 0,
        }
    }

    /// The numbers of rows and columns of windows on an image.
    ///
    /// # Errors
    /// If the window does not fit, could lie in the padding alone, or a size is 0.
    pub fn positions(&self, image: Shape) -> Result<(usize, usize), WindowError> {
        let (window_height, window_width) = (self.height, self.width);
        for (what, size) in [
            ("the height of a window", self.height),
            ("the width of a window", self.width),
            ("the stride of a window", self.stride),
            ("the height of an image", image.height),
            ("the width of an image", image.width),
            ("the number of channels of an image", image.channels),
        ] {
            if size == 0 {
                return Err(WindowError::Zero { what });
            }
        }
        if self.padding >= self.height.min(self.width) {
            return Err(WindowError::Padding {
                padding: self.padding,
                window_height,
                window_width,
            });
        }
        let padded = Shape {
            height: image.height.saturating_add(2 * self.padding),
            width: image.width.saturating_add(2 * self.padding),
            channels: image.channels,
        };
        if padded.neurons() > MOST_NEURONS {
            return Err(WindowError::TooManyNeurons { image: padded });
        }
        let along = |image: usize, window: usize| {
            let room = (image + 2 * self.padding).checked_sub(window)?;
            Some(room / self.stride + 1)
        };
        along(image.height, self.height)
            .zip(along(image.width, self.width))
            .ok_or(WindowError::TooLarge {
                window_height,
                window_width,
                image,
                padding: self.padding,
            })
    }

    /// The shape of the image that the neurons of a convolution with `filters` filters over images of shape `input`
    /// form.
    ///
    /// # Errors
    /// If the window does not fit, `filters` is 0, or there would be too many neurons or windows.
    pub fn output(&self, input: Shape, filters: usize) -> Result<Shape, WindowError> {
        let (height, width) = self.positions(input)?;
        if filters == 0 {
            let what = "the number of filters";
            return Err(WindowError::Zero { what });
        }
        let output = Shape {
            height,
            width,
            channels: filters,
        };
        if output.neurons() > MOST_NEURONS {
            return Err(WindowError::TooManyNeurons { image: output });
        }
        let windows = height * width;
        let views = windows
            .saturating_mul(self.height)
            .saturating_mul(self.width);
        if views > MOST_VIEWS {
            return Err(WindowError::TooManyViews {
                windows,
                window_height: self.height,
                window_width: self.width,
            });
        }
        Ok(output)
    }

    /// Number of weights of a filter over images of shape `input`: one per neuron in a window.
    pub fn weights_per_filter(&self, input: Shape) -> usize {
        self.height
            .saturating_mul(self.width)
            .saturating_mul(input.channels)
    }

    /// The range of rows of windows, out of `windows`, that contain row `y` of the image.
    pub fn rows_that_see(&self, y: usize, windows: usize) -> Range<usize> {
        windows_with(y + self.padding, self.height, self.stride, windows)
    }

    /// The range of columns of windows, out of `windows`, that contain column `x` of the image.
    pub fn columns_that_see(&self, x: usize, windows: usize) -> Range<usize> {
        windows_with(x + self.padding, self.width, self.stride, windows)
    }
}

/// Along one axis: the windows of `side` pixels that contain the pixel at `position` of the padded image.
fn windows_with(position: usize, side: usize, stride: usize, windows: usize) -> Range<usize> {
    let first = (position + 1).saturating_sub(side).div_ceil(stride);
    first..(position / stride + 1).min(windows)
}

/// Pixel and channel of a neuron of an image with `channels` channels.
pub(crate) fn pixel_and_channel(neuron: usize, channels: usize) -> (usize, usize) {
    (neuron / channels, neuron % channels)
}
