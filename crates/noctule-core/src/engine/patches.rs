//! The places of a convolution: each has its own course through the timeline that all of them share.
//!
//! A convolution is one dense layer that looks at every patch of the image with the same weights. So the walks of a
//! dense block serve it as they are: the lanes are the filters, the rows are the offsets in the patch, and only the
//! course differs from place to place. A place's neurons are touched when one of their own inputs arrives, and at the
//! ends of segments; in between their intervals are left pending.

use std::ops::Range;

use super::course::Course;
use super::timeline::Timeline;

/// Which places see an input neuron, and on which row.
#[derive(Clone, Debug)]
pub(crate) struct Patches {
    /// Number of places.
    places: usize,
    channels: usize,
    /// Where the views of each pixel start in `views`; shape `[pixels + 1]`.
    offsets: Vec<u32>,
    views: Vec<View>,
}

/// A place that sees a pixel.
#[derive(Clone, Copy, Debug)]
struct View {
    place: u32,
    /// The row of the pixel's first channel.
    row: u32,
}

impl Patches {
    /// `views` gives `(place, offset in the patch)` for each of the `pixels`; every pixel has `channels` neurons.
    pub fn new(
        pixels: usize,
        channels: usize,
        places: usize,
        views: impl Fn(usize) -> Vec<(usize, usize)>,
    ) -> Self {
        let mut patches = Self {
            places,
            channels,
            offsets: vec![0],
            views: Vec::new(),
        };
        for pixel in 0..pixels {
            patches
                .views
                .extend(views(pixel).into_iter().map(|(place, offset)| View {
                    place: place as u32,
                    row: (offset * channels) as u32,
                }));
            patches.offsets.push(patches.views.len() as u32);
        }
        patches
    }

    /// Number of places.
    pub fn places(&self) -> usize {
        self.places
    }

    fn views(&self, neuron: u32) -> (&[View], u32) {
        let (pixel, channel) = (
            neuron as usize / self.channels,
            neuron as usize % self.channels,
        );
        let range = self.offsets[pixel] as usize..self.offsets[pixel + 1] as usize;
        (&self.views[range], channel as u32)
    }
}

/// The courses of all places through the timeline of one sample.
#[derive(Clone, Debug, Default)]
pub(crate) struct Courses {
    /// Where the stops of each place and segment start; shape `[places][segments + 1]`.
    segments: Vec<u32>,
    /// Segments of the timeline.
    count: usize,
    stops: Vec<Stop>,
    arrivals: Vec<Arrival>,
    rows: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Stop {
    step: u32,
    /// Where its arrivals start; they end where those of the next stop start.
    arrivals: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Arrival {
    step: u32,
    event: u32,
}

impl Courses {
    /// Lays out the courses of all places; overwrites what was there.
    pub fn lay_out<T>(&mut self, patches: &Patches, timeline: &Timeline<T>) {
        let starts = self.sort_arrivals(patches, timeline);
        self.count = timeline.segments.len();
        self.segments.clear();
        self.stops.clear();
        for place in 0..patches.places {
            self.add_stops(starts[place]..starts[place + 1], timeline);
        }
    }

    /// Sorts the arrivals by place, and within a place by time; returns where each place starts, and the end.
    fn sort_arrivals<T>(&mut self, patches: &Patches, timeline: &Timeline<T>) -> Vec<u32> {
        let mut starts = vec![0_u32; patches.places + 2];
        for &neuron in &timeline.rows {
            for view in patches.views(neuron).0 {
                starts[view.place as usize + 2] += 1;
            }
        }
        for place in 2..starts.len() {
            starts[place] += starts[place - 1];
        }
        let total = starts[patches.places + 1] as usize;
        self.rows.clear();
        self.rows.resize(total, 0);
        self.arrivals.clear();
        self.arrivals.resize(total, Arrival::default());
        // While a place fills, its entry here grows from its start to its end, which is the start of the next.
        for (step, pair) in timeline.steps.windows(2).enumerate() {
            for event in pair[0].rows..pair[1].rows {
                let (views, channel) = patches.views(timeline.rows[event as usize]);
                for view in views {
                    let next = &mut starts[view.place as usize + 1];
                    self.rows[*next as usize] = view.row + channel;
                    self.arrivals[*next as usize] = Arrival {
                        step: step as u32,
                        event,
                    };
                    *next += 1;
                }
            }
        }
        starts
    }

    /// Adds the stops of one place, whose arrivals are given.
    fn add_stops<T>(&mut self, arrivals: Range<u32>, timeline: &Timeline<T>) {
        let mut next = arrivals.start;
        for segment in &timeline.segments {
            self.segments.push(self.stops.len() as u32);
            if arrivals.is_empty() {
                continue;
            }
            let mut stop = Stop {
                step: segment.first_step,
                arrivals: next,
            };
            self.stops.push(stop);
            while next < arrivals.end && self.arrivals[next as usize].step < segment.end_step {
                let step = self.arrivals[next as usize].step;
                if step != stop.step {
                    stop = Stop {
                        step,
                        arrivals: next,
                    };
                    self.stops.push(stop);
                }
                next += 1;
            }
            self.stops.push(Stop {
                step: segment.end_step - 1,
                arrivals: next,
            });
        }
        self.segments.push(self.stops.len() as u32);
    }

    /// The course of one place; `None` if nothing ever arrives there.
    #[inline(always)]
    pub fn place(&self, place: usize) -> Option<Place<'_>> {
        let segments = &self.segments[place * (self.count + 1)..(place + 1) * (self.count + 1)];
        (segments[0] != segments[self.count]).then_some(Place {
            segments,
            courses: self,
        })
    }
}

/// The course of one place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    segments: &'a [u32],
    courses: &'a Courses,
}

impl Course for Place<'_> {
    #[inline(always)]
    fn stops(&self, segment: usize) -> Range<usize> {
        self.segments[segment] as usize..self.segments[segment + 1] as usize
    }

    #[inline(always)]
    fn up_to(&self, mut stops: Range<usize>, last: usize) -> Range<usize> {
        while !stops.is_empty() && self.step(stops.end - 1) > last {
            stops.end -= 1;
        }
        stops
    }

    #[inline(always)]
    fn step(&self, stop: usize) -> usize {
        self.courses.stops[stop].step as usize
    }

    #[inline(always)]
    fn arrivals(&self, stop: usize) -> Range<usize> {
        let stops = &self.courses.stops;
        stops[stop].arrivals as usize..stops[stop + 1].arrivals as usize
    }

    #[inline(always)]
    fn rows(&self) -> &[u32] {
        &self.courses.rows
    }

    #[inline(always)]
    fn event(&self, arrival: usize) -> usize {
        self.courses.arrivals[arrival].event as usize
    }
}
