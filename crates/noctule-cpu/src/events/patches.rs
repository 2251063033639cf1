//! The window positions of a convolution. Each position has its own path along the schedule that all of them share.
//!
//! A convolution is a dense layer that is applied to every patch of the image with the same weights. So it uses the
//! passes of dense layers: lanes are filters, rows of weights are offsets in the patch, and only the path differs from
//! position to position. The neurons of a position are updated when one of their own inputs arrives, and at the ends of
//! segments.
//!
//! Rows need no table. Pixels of the padded image are indexed row by row as if it were as wide as the window:
//! `((y + padding) width + x + padding) channels + c`. Then the row of a neuron in a patch is its padded index minus
//! that of the patch's corner.

use noctule_core::{Real, Shape, Window};

use crate::events::schedule::{EventSchedule, WindowPath};
use crate::events::timeline::Timeline;

/// The positions whose windows contain each input neuron, and its row of weights there.
#[derive(Clone, Debug)]
pub(crate) struct Patches {
    channels: usize,
    /// The padded index of each pixel's first channel; shape `[pixels]`.
    padded: Vec<u32>,
    /// The padded index of each position's corner; shape `[positions]`.
    origins: Vec<u32>,
    /// Where the positions of each pixel start in `views`; shape `[pixels + 1]`.
    offsets: Vec<u32>,
    /// The positions whose windows contain each pixel, pixel by pixel.
    views: Vec<u32>,
}

impl Patches {
    /// `padded` and `origins` are the padded indices of pixels and of positions' corners, in pixels of `channels`
    /// neurons. `views` returns the positions whose windows contain a pixel.
    fn new(
        channels: usize,
        padded: &[usize],
        origins: &[usize],
        views: impl Fn(usize) -> Vec<usize>,
    ) -> Self {
        let scaled = |indices: &[usize]| indices.iter().map(|n| (n * channels) as u32).collect();
        let mut patches = Self {
            channels,
            padded: scaled(padded),
            origins: scaled(origins),
            offsets: vec![0],
            views: Vec::new(),
        };
        for pixel in 0..padded.len() {
            let positions = views(pixel).into_iter().map(|position| position as u32);
            patches.views.extend(positions);
            patches.offsets.push(patches.views.len() as u32);
        }
        patches
    }

    /// The positions of `window` on images of shape `input`; they are the pixels of `output`.
    pub fn of_window(input: Shape, window: Window, output: Shape) -> Self {
        let padding = window.padding;
        let index = |y: usize, x: usize| y * window.width + x;
        let pixels = 0..input.height * input.width;
        let padded: Vec<usize> = pixels
            .map(|pixel| index(pixel / input.width + padding, pixel % input.width + padding))
            .collect();
        let positions = 0..output.height * output.width;
        let origin = |along: usize| along * window.stride;
        let origins: Vec<usize> = positions
            .map(|position| {
                index(
                    origin(position / output.width),
                    origin(position % output.width),
                )
            })
            .collect();
        Self::new(input.channels, &padded, &origins, |pixel| {
            let columns = window.columns_that_see(pixel % input.width, output.width);
            let rows = window.rows_that_see(pixel / input.width, output.height);
            let in_row = |row| {
                columns
                    .clone()
                    .map(move |column| row * output.width + column)
            };
            rows.flat_map(in_row).collect()
        })
    }

    /// The positions whose windows contain an input neuron.
    pub fn positions_that_see(&self, neuron: u32) -> &[u32] {
        self.views(self.split(neuron).0)
    }

    /// The row of weights of an input neuron at a position whose window contains it.
    pub fn row(&self, neuron: u32, position: usize) -> u32 {
        self.padded_index(neuron) - self.origins[position]
    }

    /// The number of positions.
    pub fn positions(&self) -> usize {
        self.origins.len()
    }

    /// The index of an input neuron in the padded image.
    pub fn padded_index(&self, neuron: u32) -> u32 {
        let (pixel, channel) = self.split(neuron);
        self.padded[pixel as usize] + channel
    }

    /// The positions whose windows contain a pixel.
    #[inline]
    fn views(&self, pixel: u32) -> &[u32] {
        let pixel = pixel as usize;
        &self.views[self.offsets[pixel] as usize..self.offsets[pixel + 1] as usize]
    }

    /// Pixel and channel of an input neuron.
    #[inline]
    fn split(&self, neuron: u32) -> (u32, u32) {
        let channels = self.channels as u32;
        (neuron / channels, neuron % channels)
    }
}

/// The events of a sample's schedule that concern each position: the arrivals of its own inputs, and the first and the
/// last event of every segment.
#[derive(Clone, Debug, Default)]
pub(crate) struct WindowEvents {
    /// Where each segment of each position starts in `indices`, and the end of the last; shape
    /// `[positions * segments + 1]`.
    starts: Vec<u32>,
    /// Indices of events in the schedule, position by position, ascending within each.
    indices: Vec<u32>,
    segments: usize,
    /// Scratch memory: the pixel of each input event, and the number of input events of each pixel.
    pixels: Vec<u32>,
    counts: Vec<u32>,
    /// Scratch memory: where the next index of each position is written.
    next: Vec<u32>,
}

impl WindowEvents {
    /// Distributes the events of a sample, whose input neurons are `neurons`, over the positions; overwrites earlier
    /// content.
    pub fn distribute<T: Real>(
        &mut self,
        patches: &Patches,
        neurons: &[u32],
        timeline: &Timeline<T>,
    ) {
        self.segments = timeline.segments.len();
        // Inputs from `t_max` on are not in the schedule.
        let arriving = timeline.input_ranges().map(|range| range.len()).sum();
        self.make_room(patches, &neurons[..arriving]);
        let (segments, next) = (self.segments, &mut self.next);
        let mut pixels = self.pixels.iter();
        for segment in 0..segments {
            let range = timeline.schedule.segment(segment);
            let (first, last) = (range.start as u32, range.end as u32 - 1);
            for (position, next) in next.iter_mut().enumerate() {
                self.starts[position * segments + segment] = *next;
                self.indices[*next as usize] = first;
                *next += 1;
            }
            for (index, &pixel) in (first + 1..last).zip(&mut pixels) {
                for &position in patches.views(pixel) {
                    let next = &mut next[position as usize];
                    self.indices[*next as usize] = index;
                    *next += 1;
                }
            }
            for next in next.iter_mut() {
                self.indices[*next as usize] = last;
                *next += 1;
            }
        }
    }

    /// Counts the events of each position, and allocates memory for them.
    fn make_room(&mut self, patches: &Patches, neurons: &[u32]) {
        self.pixels.clear();
        self.pixels
            .extend(neurons.iter().map(|&neuron| patches.split(neuron).0));
        self.counts.clear();
        self.counts.resize(patches.padded.len(), 0);
        for &pixel in &self.pixels {
            self.counts[pixel as usize] += 1;
        }
        self.next.clear();
        self.next
            .resize(patches.positions(), 2 * self.segments as u32);
        for (pixel, &count) in self.counts.iter().enumerate() {
            if count > 0 {
                for &position in patches.views(pixel as u32) {
                    self.next[position as usize] += count;
                }
            }
        }
        let mut sum = 0;
        for next in &mut self.next {
            (*next, sum) = (sum, sum + *next);
        }
        self.starts.clear();
        self.starts
            .resize(patches.positions() * self.segments + 1, sum);
        self.indices.clear();
        self.indices.resize(sum as usize, 0);
    }

    /// The path of a position along the schedule; `None` if it has no input.
    pub fn path<'a, T>(
        &'a self,
        patches: &Patches,
        schedule: &'a EventSchedule<T>,
        position: usize,
    ) -> Option<WindowPath<'a, T>> {
        let starts = &self.starts[position * self.segments..=(position + 1) * self.segments];
        let own = starts[0] as usize..starts[self.segments] as usize;
        (own.len() > 2 * self.segments).then(|| WindowPath {
            events: &schedule.events,
            rows: &schedule.rows,
            indices: &self.indices[own],
            starts,
            origin: patches.origins[position],
        })
    }
}
