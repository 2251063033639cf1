//! The places of a convolution: each makes its own course of the timeline that all of them share.
//!
//! A convolution is one dense layer that looks at every patch of the image with the same weights. So the walks of a
//! dense block serve it as they are: the lanes are the filters, the rows are the offsets in the patch, and only the
//! course differs from place to place. A place's neurons are touched when one of their own inputs arrives, and at the
//! ends of segments; in between their intervals are left pending.
//!
//! Rows need no table: if the padded image is indexed line by line as if it were as wide as the window,
//! `((y + padding) width + x + padding) channels + c`, then the row of a neuron in a patch is its index minus that of the
//! patch's corner.

use super::timeline::Timeline;
use crate::Real;

/// Which places see an input neuron, and on which row.
#[derive(Clone, Debug)]
pub(crate) struct Patches {
    channels: usize,
    /// The padded index of each pixel's first channel; shape `[pixels]`.
    padded: Vec<u32>,
    /// The padded index of each place's corner; shape `[places]`.
    origins: Vec<u32>,
    /// Where the places that see each pixel start in `views`; shape `[pixels + 1]`.
    offsets: Vec<u32>,
    /// Places that see a pixel.
    views: Vec<u32>,
}

impl Patches {
    /// `padded` indices of the pixels, each of which has `channels` neurons, and `origins` of the places, in units of pixels;
    /// `views` gives the places that see a pixel.
    pub fn new(
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
            let places = views(pixel).into_iter().map(|place| place as u32);
            patches.views.extend(places);
            patches.offsets.push(patches.views.len() as u32);
        }
        patches
    }

    /// Number of places.
    pub fn places(&self) -> usize {
        self.origins.len()
    }

    /// What the rows of a place are counted from.
    pub fn origin(&self, place: usize) -> u32 {
        self.origins[place]
    }

    /// The index of an input neuron in the padded image.
    pub fn padded_index(&self, neuron: u32) -> u32 {
        let (pixel, channel) = self.split(neuron);
        self.padded[pixel] + channel
    }

    /// The places that see an input neuron.
    #[inline]
    pub fn views(&self, neuron: u32) -> &[u32] {
        let (pixel, _) = self.split(neuron);
        &self.views[self.offsets[pixel] as usize..self.offsets[pixel + 1] as usize]
    }

    #[inline]
    fn split(&self, neuron: u32) -> (usize, u32) {
        let channels = self.channels as u32;
        ((neuron / channels) as usize, neuron % channels)
    }
}

/// Which events arrive at each place, in one sample.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrivals {
    /// Where each place starts in `stops`, and the end of the last; shape `[places + 1]`.
    starts: Vec<u32>,
    /// Stops of the timeline's course, ascending within a place.
    stops: Vec<u32>,
}

impl Arrivals {
    /// Sorts the events of a sample, which come from `neurons`, by the places that see them; overwrites what was there.
    pub fn sort<T: Real>(&mut self, patches: &Patches, neurons: &[u32], timeline: &Timeline<T>) {
        let starts = &mut self.starts;
        starts.clear();
        starts.resize(patches.places() + 2, 0);
        let arrivals = || {
            timeline
                .arrivals()
                .map(|(stop, _)| stop as u32)
                .zip(neurons)
        };
        for (_, &neuron) in arrivals() {
            for &place in patches.views(neuron) {
                starts[place as usize + 2] += 1;
            }
        }
        for place in 2..starts.len() {
            starts[place] += starts[place - 1];
        }
        self.stops.clear();
        self.stops.resize(starts[patches.places() + 1] as usize, 0);
        // While a place fills, its entry here grows from its start to its end, which is the start of the next.
        for (stop, &neuron) in arrivals() {
            for &place in patches.views(neuron) {
                let next = &mut starts[place as usize + 1];
                self.stops[*next as usize] = stop;
                *next += 1;
            }
        }
    }

    /// The stops of one place.
    pub fn place(&self, place: usize) -> &[u32] {
        &self.stops[self.starts[place] as usize..self.starts[place + 1] as usize]
    }
}
