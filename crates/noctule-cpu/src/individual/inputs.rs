//! The input spikes that reach each position of a layer in one sample, with their weights.

use noctule_core::{Real, Spikes};

use crate::individual::moment::Moment;
use crate::individual::view::IndividualView;

/// An input spike, as the neurons of a position receive it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InputSpike<T> {
    /// When it arrives.
    pub time: Moment<T>,
    /// The column of its weight in the weight matrix.
    pub column: u32,
    /// Its index among the events of the sample.
    pub event: u32,
}

/// The input spikes that reach each position, sorted by time; shape `[positions]`.
pub(crate) fn inputs_by_position<T: Real>(
    view: &IndividualView<'_, T>,
    input: Spikes<'_, T>,
) -> Vec<Vec<InputSpike<T>>> {
    let mut inputs = vec![Vec::new(); view.positions()];
    for (event, &neuron) in input.neurons.iter().enumerate() {
        let time = Moment::of(input, event);
        let event = event as u32;
        match view.patches {
            None => inputs[0].push(InputSpike {
                time,
                column: neuron,
                event,
            }),
            Some(patches) => {
                for &position in patches.positions_that_see(neuron) {
                    inputs[position as usize].push(InputSpike {
                        time,
                        column: patches.row(neuron, position as usize),
                        event,
                    });
                }
            }
        }
    }
    inputs
}
