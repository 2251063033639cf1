//! [`CpuSpikingLayer`]: a layer of neurons. Equal neurons run in blocks; neurons that differ, and
//! recorded spikes, run in blocks of their own.

use noctule_core::{Connection, LayerError, Lif, Neurons, SpikeBatch, SpikingLayer};

use crate::events::patches::Patches;
use crate::individual::backward::{IndividualErrors, backward};
use crate::individual::view::IndividualView;
use crate::individual::{forward, recorded};
use crate::layers::dropout::{KeptEvents, PassDropout};
use crate::layers::record::{LayerRecord, Tape};
use crate::parallel::layer_view::LayerView;
use crate::simd::dispatch::CpuReal;
use crate::tape::output_errors::OutputErrors;
use crate::weights::blocked::BlockedWeights;

/// A layer of neurons without its weights.
#[derive(Clone, Debug)]
pub(crate) struct CpuSpikingLayer<T> {
    connection: Connection,
    /// The number of neurons of a dense layer, or of filters of a convolution.
    rows_of_weights: usize,
    patches: Option<Patches>,
    dropout: f64,
    /// The neurons in passes with dropout, and in passes without.
    training: Neurons<T>,
    evaluated: Neurons<T>,
}

impl<T: CpuReal> CpuSpikingLayer<T> {
    pub fn new(layer: &SpikingLayer<T>) -> Result<Self, LayerError> {
        let patches = match *layer.connection() {
            Connection::Conv2d {
                input,
                window,
                output,
            } => Some(Patches::of_window(input, window, output)),
            _ => None,
        };
        Ok(Self {
            connection: *layer.connection(),
            rows_of_weights: layer.weights().rows(),
            patches,
            dropout: layer.dropout(),
            training: layer.neurons()?,
            evaluated: layer.evaluated_neurons()?,
        })
    }

    /// Runs the layer on `input`; the output events are in `record` afterwards.
    pub fn forward(
        &self,
        weights: &BlockedWeights<T>,
        input: &SpikeBatch<T>,
        dropout: Option<PassDropout>,
        record: &mut LayerRecord<T>,
    ) {
        record.begin(input);
        let dropout = dropout.filter(|_| self.dropout > 0.0);
        let kept = dropout.map(|dropout| KeptEvents::new(input, self.dropout, dropout));
        let input = kept.as_ref().map_or(input, |kept| &kept.events);
        match self.neurons(kept.is_some()) {
            Neurons::Shared(neuron) => {
                let mut tape = record.take_blocked_tape();
                let view = self.blocked_view(neuron, weights);
                view.forward(input, &mut tape, &mut record.workspace, &mut record.output);
                record.tape = Tape::Blocked(tape);
            }
            neurons => {
                let view = self.individual_view(neurons, weights);
                let tape = forward::run(view, input, &mut record.output);
                record.set_individual(tape);
            }
        }
        record.kept = kept;
    }

    /// Records `output` as the layer's spikes; returns the number of spikes whose slope is not positive.
    pub fn forward_recorded(
        &self,
        weights: &BlockedWeights<T>,
        input: &SpikeBatch<T>,
        output: &SpikeBatch<T>,
        record: &mut LayerRecord<T>,
    ) -> u64 {
        record.begin(input);
        let view = self.individual_view(self.neurons(false), weights);
        let (tape, without_rise) = recorded::run(view, input, output);
        record.output.clone_from(output);
        record.set_individual(tape);
        without_rise
    }

    /// Runs the backward pass of the last forward pass: adds `dL/dw` to `gradient` and, if wanted, returns `dL/dt` of
    /// each input event. It can be repeated, since only scratch memory of the record changes.
    pub fn backward(
        &self,
        weights: &BlockedWeights<T>,
        record: &mut LayerRecord<T>,
        (d_times, max_inverse_slope): (&[T], T),
        gradient: &mut BlockedWeights<T>,
        want_input: bool,
    ) -> Option<Vec<T>> {
        let neurons = self.neurons(record.kept.is_some());
        let d_seen = match &mut record.tape {
            Tape::Blocked(tape) => {
                let Neurons::Shared(neuron) = neurons else {
                    unreachable!("a pass in blocks has equal neurons");
                };
                let errors = OutputErrors {
                    output: &record.output,
                    d_times,
                    max_inverse_slope,
                };
                let offsets = match &record.kept {
                    Some(kept) => kept.events.offsets(),
                    None => &record.input_offsets,
                };
                let offsets = want_input.then_some(offsets);
                let view = self.blocked_view(neuron, weights);
                let workspace = &mut record.workspace;
                view.backward(tape, workspace, errors, gradient.lanes_mut(), offsets)
            }
            Tape::Individual(tape) => {
                let errors = IndividualErrors {
                    output: &record.output,
                    d_times,
                    max_inverse_slope,
                };
                let view = self.individual_view(neurons, weights);
                backward(view, tape, errors, gradient, want_input)
            }
        };
        match &record.kept {
            None => d_seen,
            Some(kept) => {
                let events = record.input_offsets.last().copied().unwrap_or(0);
                d_seen.map(|d_seen| kept.spread(&d_seen, events))
            }
        }
    }

    /// Row and column of the weight from an input neuron to a neuron; `None` if they are not connected.
    pub fn weight_between(&self, neuron: usize, input: usize) -> Option<(usize, usize)> {
        let Connection::Conv2d {
            input: image,
            window,
            output,
        } = self.connection
        else {
            return Some((neuron, input));
        };
        let (position, filter) = (neuron / output.channels, neuron % output.channels);
        let (pixel, channel) = (input / image.channels, input % image.channels);
        let along = |pixel: usize, position: usize, side: usize| {
            let offset = (pixel + window.padding).checked_sub(position * window.stride)?;
            (offset < side).then_some(offset)
        };
        let y = along(pixel / image.width, position / output.width, window.height)?;
        let x = along(pixel % image.width, position % output.width, window.width)?;
        Some((filter, (y * window.width + x) * image.channels + channel))
    }

    fn neurons(&self, drops_inputs: bool) -> &Neurons<T> {
        if drops_inputs {
            &self.training
        } else {
            &self.evaluated
        }
    }

    fn blocked_view<'a>(
        &'a self,
        neuron: &'a Lif<T>,
        weights: &'a BlockedWeights<T>,
    ) -> LayerView<'a, T> {
        LayerView {
            neuron,
            neurons: self.rows_of_weights,
            weights,
            patches: self.patches.as_ref(),
        }
    }

    fn individual_view<'a>(
        &'a self,
        neurons: &'a Neurons<T>,
        weights: &'a BlockedWeights<T>,
    ) -> IndividualView<'a, T> {
        IndividualView {
            neurons,
            rows_of_weights: self.rows_of_weights,
            weights,
            patches: self.patches.as_ref(),
        }
    }
}
