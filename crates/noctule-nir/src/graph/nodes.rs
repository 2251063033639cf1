//! The nodes with more than one array.

use super::array::Array;

/// Current-based leaky integrate-and-fire neurons:
///
/// ```text
/// tau_syn dI/dt = -I + w_in S          tau_mem dv/dt = (v_leak - v) + r I
/// ```
///
/// and `v` becomes `v_reset` where it exceeds `v_threshold`. All arrays have the shape of the population. Times are in
/// seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct CubaLif {
    /// Synaptic time constant.
    pub tau_syn: Array,
    /// Membrane time constant.
    pub tau_mem: Array,
    /// Resistance.
    pub r: Array,
    /// Potential at rest.
    pub v_leak: Array,
    /// Threshold.
    pub v_threshold: Array,
    /// Potential after a spike; `None` is 0.
    pub v_reset: Option<Array>,
    /// Weight of the input current; `None` is 1.
    pub w_in: Option<Array>,
}

/// Silent pixels around an image.
#[derive(Clone, Debug, PartialEq)]
pub enum Padding {
    /// Rows and columns, or one number for both.
    Sizes(Vec<i64>),
    /// `same` or `valid`.
    Named(String),
}

/// A convolution of images.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv2d {
    /// Rows and columns of the images; `None` if the graph leaves them to the node before.
    pub input_shape: Option<Vec<i64>>,
    /// Shape `[filters, channels, rows, columns]`.
    pub weight: Array,
    /// Rows and columns from one window to the next, or one number for both.
    pub stride: Vec<i64>,
    /// Silent pixels around the images.
    pub padding: Padding,
    /// Rows and columns from one pixel of a window to the next, or one number for both.
    pub dilation: Vec<i64>,
    /// Into how many parts the channels are divided.
    pub groups: i64,
    /// Shape `[filters]`.
    pub bias: Array,
}

/// Windows of an image of which one number is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool2d {
    /// Rows and columns of a window, or one number for both.
    pub kernel_size: Vec<i64>,
    /// Rows and columns from one window to the next.
    pub stride: Vec<i64>,
    /// Silent rows and columns around the image.
    pub padding: Vec<i64>,
}

/// An image as a list of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Flatten {
    /// Shape of the image; `None` if the graph leaves it to the node before.
    pub input: Option<Vec<usize>>,
    /// The first dimension that is flattened.
    pub start_dim: i64,
    /// The last dimension that is flattened; negative ones count from the last, which is -1.
    pub end_dim: i64,
}
