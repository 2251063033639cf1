//! A summary of a file.

use noctule_core::Shape;

use super::samples::FileSamples;
use crate::dataset::samples::Samples;

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct FileContents {
    /// Number of samples.
    pub samples: usize,
    /// Number of classes that the labels need, the largest label + 1; `None` without labels.
    pub classes: Option<usize>,
    /// What the samples are.
    pub kind: ContentsKind,
}

/// What the samples of a file are.
#[derive(Clone, Debug, PartialEq)]
pub enum ContentsKind {
    /// Events.
    Events {
        /// Number of units: what the file says, else the largest unit + 1.
        population: usize,
        /// Number of events in all samples together.
        events: usize,
        /// The latest time of all, in the file's own unit; 0 if there is no event.
        last_time: f64,
    },
    /// Images.
    Images {
        /// Their shape.
        shape: Shape,
    },
}

impl From<&FileSamples> for FileContents {
    /// The summary of a file whose times were read in its own unit.
    fn from(file: &FileSamples) -> Self {
        let kind = match &file.samples {
            Samples::Images { shape, .. } => ContentsKind::Images { shape: *shape },
            Samples::Events(events) => ContentsKind::Events {
                population: events.population(),
                events: events.spikes(),
                last_time: (0..events.spikes())
                    .map(|event| events.precise_time(event))
                    .fold(0.0, f64::max),
            },
        };
        Self {
            samples: file.len(),
            classes: file.classes(),
            kind,
        }
    }
}
