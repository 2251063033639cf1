//! The shapes of images, and the windows that convolution and pooling move over them.

use std::fmt;

use thiserror::Error;

/// The most neurons of an image: more would not fit in memory with their spikes.
pub(super) const MOST_NEURONS: usize = 1 << 26;
/// The most pairs of a window and a pixel in it: a convolution has a table of them.
pub(super) const MOST_VIEWS: usize = 1 << 26;

/// How a population of neurons is laid out in space.
///
/// Neuron `(y * width + x) * channels + c` is channel `c` at row `y` and column `x`. A population without a layout is
/// an image of one pixel with a channel for each neuron.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Shape {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Neurons at each place.
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

/// A layer that cannot be laid over its images.
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
    /// The padding would make windows that see nothing of the image.
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
    /// The image has more neurons than can be numbered.
    #[error("images of {image} (height x width x channels) have more than {MOST_NEURONS} neurons")]
    TooManyNeurons {
        /// Shape of the images.
        image: Shape,
    },
    /// There are more pairs of a window and a pixel in it than can be numbered.
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
    /// The weights have another number of inputs than the window has neurons.
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

/// The window of a convolution: what each neuron sees of the image, and where the windows lie.
///
/// ```
/// use noctule_core::{Shape, Window};
///
/// let image = Shape { height: 28, width: 28, channels: 1 };
/// assert_eq!(Window::square(5).places(image)?, (24, 24));
/// assert_eq!(Window { stride: 2, padding: 2, ..Window::square(5) }.places(image)?, (14, 14));
/// # Ok::<(), noctule_core::WindowError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
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

    /// How many windows lie below and beside each other on an image.
    ///
    /// # Errors
    /// If the window does not fit, sees padding alone somewhere, or something is 0.
    pub fn places(&self, image: Shape) -> Result<(usize, usize), WindowError> {
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
}
