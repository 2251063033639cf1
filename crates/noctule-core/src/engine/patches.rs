//! The places of a convolution: each has its own path along the course that all of them share.
//!
//! A convolution is one dense layer that looks at every patch of the image with the same weights. So the walks of a
//! dense block serve it as they are: the lanes are the filters, the rows are the offsets in the patch, and only the
//! path differs from place to place. A place's neurons are touched when one of their own inputs arrives, and at the
//! ends of segments; in between their intervals are left pending.
//!
//! Rows need no table: if the padded image is indexed line by line as if it were as wide as the window,
//! `((y + padding) width + x + padding) channels + c`, then the row of a neuron in a patch is its index minus that of the
//! patch's corner.

use super::course::{Course, PlacePath};
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

    /// The index of an input neuron in the padded image.
    pub fn padded_index(&self, neuron: u32) -> u32 {
        let (pixel, channel) = self.split(neuron);
        self.padded[pixel as usize] + channel
    }

    /// The places that see a pixel.
    #[inline]
    fn views(&self, pixel: u32) -> &[u32] {
        let pixel = pixel as usize;
        &self.views[self.offsets[pixel] as usize..self.offsets[pixel + 1] as usize]
    }

    /// How many places see an input neuron.
    pub fn places_of(&self, neuron: u32) -> usize {
        self.views(self.split(neuron).0).len()
    }

    /// Pixel and channel of an input neuron.
    #[inline]
    fn split(&self, neuron: u32) -> (u32, u32) {
        let channels = self.channels as u32;
        (neuron / channels, neuron % channels)
    }
}

/// Which stops of the timeline's course each place sees, in one sample: those at which one of its inputs arrives, and the
/// ends of all segments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrivals {
    /// Where each segment of each place starts in `numbers`, and the end of the last; shape `[places * segments + 1]`.
    starts: Vec<u32>,
    /// Numbers of stops, ascending within a place.
    numbers: Vec<u32>,
    segments: usize,
    /// Memory: the pixel that each event comes from, and how many come from each pixel.
    pixels: Vec<u32>,
    counts: Vec<u32>,
    /// Memory: where the next number of each place goes.
    next: Vec<u32>,
}

impl Arrivals {
    /// Sorts the events of a sample, which come from `neurons`, by the places that see them; overwrites what was there.
    pub fn sort<T: Real>(&mut self, patches: &Patches, neurons: &[u32], timeline: &Timeline<T>) {
        self.segments = timeline.segments.len();
        // Events that come too late have no stop.
        let events = timeline.events().map(|stops| stops.len()).sum();
        self.make_room(patches, &neurons[..events]);
        let (segments, next) = (self.segments, &mut self.next);
        let mut pixels = self.pixels.iter();
        for segment in 0..segments {
            let stops = timeline.course.segment(segment);
            let (first, last) = (stops.start as u32, stops.end as u32 - 1);
            for (place, next) in next.iter_mut().enumerate() {
                self.starts[place * segments + segment] = *next;
                self.numbers[*next as usize] = first;
                *next += 1;
            }
            for (number, &pixel) in (first + 1..last).zip(&mut pixels) {
                for &place in patches.views(pixel) {
                    let next = &mut next[place as usize];
                    self.numbers[*next as usize] = number;
                    *next += 1;
                }
            }
            for next in next.iter_mut() {
                self.numbers[*next as usize] = last;
                *next += 1;
            }
        }
    }

    /// Counts what each place will see.
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
        self.next.resize(patches.places(), 2 * self.segments as u32);
        for (pixel, &count) in self.counts.iter().enumerate() {
            if count > 0 {
                for &place in patches.views(pixel as u32) {
                    self.next[place as usize] += count;
                }
            }
        }
        let mut sum = 0;
        for next in &mut self.next {
            (*next, sum) = (sum, sum + *next);
        }
        self.starts.clear();
        self.starts
            .resize(patches.places() * self.segments + 1, sum);
        self.numbers.clear();
        self.numbers.resize(sum as usize, 0);
    }

    /// What a place sees of the timeline's course; nothing if none of its inputs arrives.
    pub fn path<'a, T>(
        &'a self,
        patches: &Patches,
        course: &'a Course<T>,
        place: usize,
    ) -> Option<PlacePath<'a, T>> {
        let starts = &self.starts[place * self.segments..=(place + 1) * self.segments];
        let numbers = starts[0] as usize..starts[self.segments] as usize;
        (numbers.len() > 2 * self.segments).then(|| PlacePath {
            stops: &course.stops,
            rows: &course.rows,
            numbers: &self.numbers[numbers],
            starts,
            origin: patches.origins[place],
        })
    }
}
