//! [`Geometry`]: which neurons of a layer receive the events of which inputs. It is known when a kernel is compiled.

/// Units of a cube.
pub(crate) const CUBE: u32 = 128;
/// The largest number of outputs of a layer whose weights a cube keeps in shared memory.
pub(crate) const THIN: u32 = 32;

/// The largest number of outputs of a layer for which each event writes its shares of the gradient.
pub(crate) const MOST_SHARES: u32 = 16;

/// The shape of a layer: a dense layer is a convolution with a single place.
///
/// Neuron `place * filters + filter` has the weight `row * filters + filter` from an input. In a dense layer `row` is
/// the input; in a convolution it is `(ky * window_width + kx) * channels + channel`, where the window of the place sees
/// the input at `(ky, kx)`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Geometry {
    /// Whether every neuron sees every input.
    pub is_dense: bool,
    /// Rows of the weights.
    pub rows: u32,
    /// Neurons at each place.
    pub filters: u32,
    /// Rows and columns of places; 1 and 1 in a dense layer.
    pub places_high: u32,
    pub places_wide: u32,
    pub window_height: u32,
    pub window_width: u32,
    pub stride: u32,
    pub padding: u32,
    /// The input image, after pooling.
    pub input_height: u32,
    pub input_width: u32,
    pub channels: u32,
    /// The side of the windows of the sum pooling between the neurons that spike and the input image; 1 for none.
    pub pool: u32,
}

impl Geometry {
    /// Places.
    pub fn places(&self) -> u32 {
        self.places_high * self.places_wide
    }

    /// Neurons of the layer.
    pub fn neurons(&self) -> u32 {
        self.places() * self.filters
    }

    /// Inputs after pooling.
    pub fn inputs(&self) -> u32 {
        self.input_height * self.input_width * self.channels
    }

    /// Neurons that spike into the layer, before pooling.
    pub fn senders(&self) -> u32 {
        self.inputs() * self.pool * self.pool
    }

    /// Weights of the layer.
    pub fn weights(&self) -> u32 {
        self.rows * self.filters
    }

    /// Pairs of a filter and an offset in the window through which an event can reach a neuron.
    pub fn outputs_of_event(&self) -> u32 {
        if self.is_dense {
            self.filters
        } else {
            self.window_height * self.window_width * self.filters
        }
    }

    /// Filters that a cube of the forward pass handles at one place.
    pub fn lanes(&self) -> u32 {
        self.filters.min(CUBE)
    }

    /// Cubes for the filters of a place.
    pub fn filter_blocks(&self) -> u32 {
        self.filters.div_ceil(CUBE)
    }

    /// Places that a cube of the forward pass handles.
    pub fn places_per_cube(&self) -> u32 {
        (CUBE / self.lanes()).clamp(1, self.places())
    }

    /// Cubes of the forward pass for each sample.
    pub fn cubes(&self) -> u32 {
        self.places().div_ceil(self.places_per_cube()) * self.filter_blocks()
    }

    /// Whether each event writes its shares of the gradient: in a dense layer with few neurons.
    pub fn has_shares(&self) -> bool {
        self.is_dense && self.filters <= MOST_SHARES
    }

    /// Whether the weights of a block of events are copied to shared memory.
    pub fn is_thin(&self) -> bool {
        self.is_dense && self.filters <= THIN
    }
}
