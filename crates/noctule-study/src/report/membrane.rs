//! The potential of a neuron from the spikes that it received and emitted.

use noctule_core::{Connection, Lif, Neurons, ParameterKind, Real, SpikeBatch, SpikingLayer};

use super::data::Trace;
use super::error::ReportError;
use super::rounding::Rounding;

/// Times of one sample at which potentials are computed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    /// Seconds from one to the next; the first is at 0.
    pub step: f64,
    /// How many there are.
    pub points: usize,
}

impl Grid {
    /// As many points from 0 to `end` seconds.
    pub fn of(points: usize, end: f64) -> Self {
        let step = end / (points - 1) as f64;
        Self { step, points }
    }
}

/// The spikes of a sample with their times in double precision.
pub(super) fn precise(batch: &SpikeBatch<f32>, sample: usize) -> Vec<(f64, u32)> {
    let range = batch.range(sample);
    range
        .map(|spike| (batch.precise_time(spike), batch.neurons()[spike]))
        .collect()
}

/// The neurons of a layer as they are evaluated.
pub(super) fn neuron_of(neurons: &Neurons<f32>, neuron: usize) -> Result<Lif<f64>, ReportError> {
    let lif = match neurons {
        Neurons::Shared(lif) => lif,
        Neurons::Individual(all) => &all[neuron],
    };
    Ok(Lif::new(lif.parameters())?)
}

/// The weight from an input to a neuron of a layer; `None` if they are not connected.
pub(super) fn weight(layer: &SpikingLayer<f32>, input: usize, neuron: usize) -> Option<f64> {
    let weights = layer.parameters().get(&ParameterKind::Weights)?;
    match *layer.connection() {
        Connection::Dense { .. } => weights.row(neuron).get(input).map(|weight| weight.to_f64()),
        Connection::Conv2d {
            input: image,
            window,
            output,
        } => {
            let (pixel, channel) = (input / image.channels, input % image.channels);
            let (place, filter) = (neuron / output.channels, neuron % output.channels);
            // The place of the input in the neuron's window.
            let along = |position: usize, place: usize, side: usize| {
                let offset = (position + window.padding).checked_sub(place * window.stride)?;
                (offset < side).then_some(offset)
            };
            let y = along(pixel / image.width, place / output.width, window.height)?;
            let x = along(pixel % image.width, place % output.width, window.width)?;
            let index = (y * window.width + x) * image.channels + channel;
            weights.row(filter).get(index).map(|weight| weight.to_f64())
        }
        _ => None,
    }
}

/// The potential of a neuron on a grid and just before each of its spikes, in units of its threshold.
///
/// `received` are the weights that arrive, with their times; `emitted` the times of the neuron's own spikes. An input at the
/// very time of a spike does not act on it.
pub(super) fn trace(lif: &Lif<f64>, received: &[(f64, f64)], emitted: &[f64], grid: Grid) -> Trace {
    let mut state = State {
        lif,
        time: 0.0,
        potential: 0.0,
        current: 0.0,
    };
    let rounding = Rounding::behind_point(3);
    let fine = Rounding::behind_point(6);
    let theta = lif.theta();
    let (mut received, mut emitted) = (received.iter().peekable(), emitted.iter().peekable());
    let mut trace = Trace {
        step: grid.step,
        reset: fine.round(lif.reset() / theta),
        ..Trace::default()
    };
    for point in 0..grid.points {
        let now = point as f64 * grid.step;
        loop {
            let input = received.peek().map_or(f64::INFINITY, |&&(time, _)| time);
            let output = emitted.peek().map_or(f64::INFINITY, |&&time| time);
            if input.min(output) > now {
                break;
            }
            state.advance(input.min(output));
            if output <= input {
                trace.crossings.push(output);
                trace.before.push(fine.round(state.potential / theta));
                state.potential -= lif.reset();
                emitted.next();
            } else if let Some(&(_, weight)) = received.next() {
                state.current += weight;
            }
        }
        state.advance(now);
        trace
            .potentials
            .push(rounding.round(state.potential / theta));
    }
    trace.is_exhausted = trace.crossings.len() >= lif.max_spikes() as usize;
    trace
}

/// A neuron at a time.
struct State<'a> {
    lif: &'a Lif<f64>,
    time: f64,
    potential: f64,
    current: f64,
}

impl State<'_> {
    /// Propagates to a later time.
    fn advance(&mut self, time: f64) {
        let elapsed = (time - self.time).max(0.0);
        (self.potential, self.current) = self.lif.propagate(self.potential, self.current, elapsed);
        self.time = time;
    }
}

#[cfg(test)]
mod tests {
    use noctule_core::{LifParameters, Shape, Tensor, Window};

    use super::*;

    fn parameters() -> LifParameters {
        LifParameters {
            tau_m: 0.02,
            tau_s: 0.01,
            theta: 2.0,
            reset: 1.0,
            max_spikes: 1,
            t_max: 0.1,
        }
    }

    #[test]
    fn a_single_input_peaks_where_it_should_and_a_spike_subtracts_the_reset() {
        let parameters = parameters();
        let lif = Lif::<f64>::new(&parameters).unwrap();
        let peak = parameters.time_to_psp_peak();
        let weight = parameters.theta / parameters.psp_peak();
        let grid = Grid {
            step: peak,
            points: 3,
        };
        let silent = trace(&lif, &[(0.0, weight)], &[], grid);
        assert_eq!(silent.potentials[..2], [0.0, 1.0]);
        assert!(!silent.is_exhausted && silent.crossings.is_empty());
        let spiking = trace(&lif, &[(0.0, weight), (peak, 100.0)], &[peak], grid);
        assert_eq!((spiking.potentials[1], spiking.reset), (0.5, 0.5));
        assert_eq!(
            (spiking.before.as_slice(), spiking.is_exhausted),
            (&[1.0][..], true)
        );
    }

    /// The weights of a convolution are those that the layer has for each place of its window.
    #[test]
    fn inputs_of_a_convolution_find_their_weights() {
        let image = Shape {
            height: 3,
            width: 4,
            channels: 2,
        };
        let window = Window {
            padding: 1,
            ..Window::square(2)
        };
        let values = (0..3 * 2 * 2 * 2).map(|value| value as f32).collect();
        let weights = Tensor::new(&[3, 2, 2, 2], values).unwrap();
        let layer = SpikingLayer::conv2d(parameters(), image, window, weights).unwrap();
        // Filter 2 at row 1 and column 2 sees rows 0 to 1 and columns 1 to 2 of the image.
        let neuron = (5 + 2) * 3 + 2;
        let at =
            |y: usize, x: usize, channel: usize| weight(&layer, (y * 4 + x) * 2 + channel, neuron);
        assert_eq!(at(0, 1, 0), Some(16.0));
        assert_eq!(at(1, 2, 1), Some(23.0));
        assert_eq!((at(2, 1, 0), at(0, 3, 0), at(0, 0, 1)), (None, None, None));
    }
}
