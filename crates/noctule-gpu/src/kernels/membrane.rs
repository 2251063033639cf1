//! [`Membrane`]: the state of a neuron while a unit follows it, and between launches.

use cubecl::prelude::*;

use crate::kernels::lists::U4;

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
    /// Restores the state of a neuron; its states lie from `at` on.
    pub fn load(&self, states: &Array<U4>, at: usize) {
        let one = states[at];
        let two = states[at + 1];
        let three = states[at + 2];
        self.potential.store(f32::reinterpret(one[0]));
        self.current.store(f32::reinterpret(one[1]));
        self.segment.store(one[2]);
        self.x.store(f32::reinterpret(one[3]));
        self.phi.store(f32::reinterpret(two[0]));
        self.gain.store(f32::reinterpret(two[1]));
        self.growth.store(f32::reinterpret(two[2]));
        self.events.store(two[3]);
        self.count.store(three[0]);
        self.first.store(three[1]);
        self.last.store(three[2]);
    }

    /// Keeps the state of a neuron for the next launch.
    pub fn save(&self, states: &mut Array<U4>, at: usize) {
        let mut one = U4::empty();
        one[0] = u32::reinterpret(self.potential.read());
        one[1] = u32::reinterpret(self.current.read());
        one[2] = self.segment.read();
        one[3] = u32::reinterpret(self.x.read());
        let mut two = U4::empty();
        two[0] = u32::reinterpret(self.phi.read());
        two[1] = u32::reinterpret(self.gain.read());
        two[2] = u32::reinterpret(self.growth.read());
        two[3] = self.events.read();
        let mut three = U4::empty();
        three[0] = self.count.read();
        three[1] = self.first.read();
        three[2] = self.last.read();
        three[3] = 0u32;
        states[at] = one;
        states[at + 1] = two;
        states[at + 2] = three;
    }
}

/// Entries of a neuron's state.
pub(crate) const STATE: u32 = 3;
