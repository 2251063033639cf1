//! [`Membrane`]: the state of a neuron while a unit follows it.

use cubecl::prelude::*;

/// The state of a neuron after its last event, in the coordinates of the segment of that event.
#[derive(CubeType)]
pub(crate) struct Membrane {
    pub potential: RuntimeCell<f32>,
    pub current: RuntimeCell<f32>,
    /// Segment and offset of the last event, and its coefficients.
    pub segment: RuntimeCell<u32>,
    pub x: RuntimeCell<f32>,
    pub phi: RuntimeCell<f32>,
    pub gain: RuntimeCell<f32>,
    pub growth: RuntimeCell<f32>,
    /// Events of the sample up to the last one.
    pub events: RuntimeCell<u32>,
    /// Spikes so far.
    pub count: RuntimeCell<u32>,
    /// The slots of the first and the last spike, plus 1; 0 for none.
    pub first: RuntimeCell<u32>,
    pub last: RuntimeCell<u32>,
}

#[cube]
impl Membrane {
    /// The state at the start of a sample.
    pub fn at_rest() -> Membrane {
        Membrane {
            potential: RuntimeCell::<f32>::new(0.0f32),
            current: RuntimeCell::<f32>::new(0.0f32),
            segment: RuntimeCell::<u32>::new(0u32),
            x: RuntimeCell::<f32>::new(0.0f32),
            phi: RuntimeCell::<f32>::new(0.0f32),
            gain: RuntimeCell::<f32>::new(1.0f32),
            growth: RuntimeCell::<f32>::new(1.0f32),
            events: RuntimeCell::<u32>::new(0u32),
            count: RuntimeCell::<u32>::new(0u32),
            first: RuntimeCell::<u32>::new(0u32),
            last: RuntimeCell::<u32>::new(0u32),
        }
    }
}
