//! [`LayerRecord`]: the output events of a layer's forward pass, and everything that its backward pass needs.

use noctule_core::SpikeBatch;

use crate::individual::tape::IndividualTape;
use crate::layers::dropout::KeptEvents;
use crate::parallel::workspace::Workspace;
use crate::simd::dispatch::CpuReal;
use crate::tape::layer_tape::LayerTape;

/// The record of a layer's last forward pass. The next pass reuses its memory.
#[derive(Debug)]
pub(crate) struct LayerRecord<T: CpuReal> {
    /// The output events.
    pub output: SpikeBatch<T>,
    /// Where each sample of the input starts, and the end of the last.
    pub input_offsets: Vec<usize>,
    /// The input events that dropout kept, if it was used.
    pub kept: Option<KeptEvents<T>>,
    /// The tape of a spiking layer.
    pub tape: Tape<T>,
    /// The input event of each output event of a pooling layer, if the spikes were recorded.
    pub pooled_from: Option<Vec<usize>>,
    /// The memory of passes in blocks, while `tape` is that of a pass of neurons that may differ.
    pub spare_tape: Option<LayerTape<T>>,
    /// Memory of passes in blocks.
    pub workspace: Workspace<T>,
}

/// The tape of a spiking layer's forward pass.
#[derive(Debug)]
pub(crate) enum Tape<T: CpuReal> {
    /// The pass ran in blocks of equal neurons.
    Blocked(LayerTape<T>),
    /// The pass was one of neurons that may differ.
    Individual(IndividualTape<T>),
}

impl<T: CpuReal> Default for LayerRecord<T> {
    fn default() -> Self {
        Self {
            output: SpikeBatch::new(0),
            input_offsets: vec![0],
            kept: None,
            tape: Tape::Blocked(LayerTape::default()),
            pooled_from: None,
            spare_tape: None,
            workspace: Workspace::default(),
        }
    }
}

impl<T: CpuReal> LayerRecord<T> {
    /// Begins a forward pass on `input`.
    pub fn begin(&mut self, input: &SpikeBatch<T>) {
        self.kept = None;
        self.input_offsets.clear();
        self.input_offsets.extend_from_slice(input.offsets());
    }

    /// Takes out the tape of passes in blocks, with its memory.
    pub fn take_blocked_tape(&mut self) -> LayerTape<T> {
        match std::mem::replace(&mut self.tape, Tape::Blocked(LayerTape::default())) {
            Tape::Blocked(tape) => tape,
            Tape::Individual(_) => self.spare_tape.take().unwrap_or_default(),
        }
    }

    /// Sets the tape of a pass of neurons that may differ; keeps the memory of passes in blocks.
    pub fn set_individual(&mut self, tape: IndividualTape<T>) {
        if let Tape::Blocked(tape) = std::mem::replace(&mut self.tape, Tape::Individual(tape)) {
            self.spare_tape = Some(tape);
        }
    }

    /// The events of `input` that the layer received in the last forward pass: without the dropped ones.
    pub fn received<'a>(&'a self, input: &'a SpikeBatch<T>) -> &'a SpikeBatch<T> {
        self.kept.as_ref().map_or(input, |kept| &kept.events)
    }
}
