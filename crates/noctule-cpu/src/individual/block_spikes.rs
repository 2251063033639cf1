//! [`SpikesByBlock`]: the output spikes of a sample, by block of neurons.

use noctule_core::{Real, Spikes};

use crate::individual::view::IndividualView;
use crate::simd::lanes::{LANES, blocks};

/// A spike of a block of neurons.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockSpike {
    /// The lane of its neuron.
    pub lane: usize,
    /// Its index in the sample.
    pub spike: usize,
}

/// The output spikes of a sample, by block, in order of time.
#[derive(Clone, Debug)]
pub(crate) struct SpikesByBlock {
    spikes: Vec<BlockSpike>,
    /// Where the spikes of each block begin, and the end; shape `[blocks + 1]`.
    begins: Vec<usize>,
}

impl SpikesByBlock {
    /// Sorts the spikes of a sample; blocks are numbered as those of [`NeuronBlock::all`].
    ///
    /// [`NeuronBlock::all`]: crate::individual::block::NeuronBlock::all
    pub fn new<T: Real>(view: &IndividualView<'_, T>, output: Spikes<'_, T>) -> Self {
        let rows = view.rows_of_weights;
        let per_position = blocks(rows);
        let place = |neuron: u32| {
            let (position, row) = (neuron as usize / rows, neuron as usize % rows);
            (position * per_position + row / LANES, row % LANES)
        };
        let mut begins = vec![0; view.positions() * per_position + 1];
        for &neuron in output.neurons {
            begins[place(neuron).0 + 1] += 1;
        }
        for block in 1..begins.len() {
            begins[block] += begins[block - 1];
        }
        let mut next = begins.clone();
        let mut spikes = vec![BlockSpike { lane: 0, spike: 0 }; output.len()];
        for (spike, &neuron) in output.neurons.iter().enumerate() {
            let (block, lane) = place(neuron);
            spikes[next[block]] = BlockSpike { lane, spike };
            next[block] += 1;
        }
        Self { spikes, begins }
    }

    /// The spikes of a block, in order of time.
    pub fn of_block(&self, block: usize) -> &[BlockSpike] {
        &self.spikes[self.begins[block]..self.begins[block + 1]]
    }
}
