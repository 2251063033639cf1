//! From an open file to its samples.

use super::error::Problem;
use super::events::{EventArrays, EventOptions, check_offsets};
use super::format::{Bytes, Format};
use super::hdf5::{Hdf5, Ragged};
use super::images::check_images;
use super::labels::check_labels;
use super::layout::Layout;
use super::npz::{Array, Npz};
use super::numbers::Numbers;
use super::samples::FileSamples;
use crate::dataset::samples::Samples;

const IMAGES: &str = "images";
const TIMES: &str = "times";
const UNITS: &str = "units";
const OFFSETS: &str = "offsets";
const LABELS: &str = "labels";
const POPULATION: &str = "population";
const HDF5_TIMES: &str = "spikes/times";
const HDF5_UNITS: &str = "spikes/units";

type Archive<'a> = Npz<Box<dyn Bytes + 'a>>;

/// Whether the samples are images.
pub(super) fn has_images(file: &Format<'_>) -> bool {
    match file {
        Format::Npz(archive) => archive.contains(IMAGES) && !archive.contains(TIMES),
        Format::Hdf5(_) => false,
    }
}

/// The events of a file.
pub(super) fn events(file: Format<'_>, options: &EventOptions) -> Result<FileSamples, Problem> {
    if has_images(&file) {
        return Err(Problem::Kind {
            found: "images",
            expected: "events",
        });
    }
    let (arrays, labels) = match file {
        Format::Npz(mut archive) => npz_events(&mut archive)?,
        Format::Hdf5(file) => hdf5_events(&file)?,
    };
    let samples = arrays.offsets.len() - 1;
    let events = arrays.batch(options)?;
    Ok(FileSamples {
        samples: Samples::Events(events.into()),
        labels: labels
            .map(|labels| check_labels(&labels, samples))
            .transpose()?,
    })
}

/// The images of a file.
pub(super) fn images(file: Format<'_>) -> Result<FileSamples, Problem> {
    let mut archive = match file {
        Format::Npz(archive) if archive.contains(TIMES) && !archive.contains(IMAGES) => {
            return Err(Problem::Kind {
                found: "events",
                expected: "images",
            });
        }
        Format::Npz(archive) => archive,
        Format::Hdf5(_) => {
            return Err(Problem::Kind {
                found: "HDF5, which may hold events",
                expected: "images in an NPZ file",
            });
        }
    };
    let images = check_images(archive.array(IMAGES, Layout::NpzImages)?)?;
    let labels = archive.optional(LABELS, Layout::NpzImages)?;
    let labels = labels.map(|labels| integers(labels, 1)).transpose()?;
    let mut read = FileSamples {
        samples: images,
        labels: None,
    };
    read.labels = match labels {
        Some(labels) => Some(check_labels(&labels, read.len())?),
        None => None,
    };
    Ok(read)
}

fn npz_events(archive: &mut Archive<'_>) -> Result<(EventArrays, Option<Numbers>), Problem> {
    let layout = Layout::NpzEvents;
    let times = one_dimension(archive.array(TIMES, layout)?)?;
    let units = integers(archive.array(UNITS, layout)?, 1)?;
    if times.len() != units.len() {
        return Err(Problem::Length {
            array: UNITS,
            length: units.len(),
            count: times.len(),
            things: "events",
        });
    }
    let offsets = integers(archive.array(OFFSETS, layout)?, 1)?;
    let offsets = check_offsets(&offsets, times.len())?;
    let population = archive.optional(POPULATION, layout)?;
    let population = population
        .map(|population| integers(population, 0))
        .transpose()?;
    let labels = archive.optional(LABELS, layout)?;
    let labels = labels.map(|labels| integers(labels, 1)).transpose()?;
    let arrays = EventArrays {
        times,
        units,
        offsets,
        population: population.map(|population| population.integer(0)),
    };
    Ok((arrays, labels))
}

fn hdf5_events(file: &Hdf5) -> Result<(EventArrays, Option<Numbers>), Problem> {
    let (times, units) = (file.ragged(HDF5_TIMES)?, file.ragged(HDF5_UNITS)?);
    let offsets = common_offsets(&times, &units)?;
    if !units.numbers.kind().is_integer() {
        return Err(Problem::Type {
            array: HDF5_UNITS.to_owned(),
            found: units.numbers.kind().to_string(),
            expected: "integers",
        });
    }
    let population = file.integers(POPULATION)?;
    let population = population.filter(|population| population.len() > 0);
    let arrays = EventArrays {
        times: times.numbers,
        units: units.numbers,
        offsets,
        population: population.map(|population| population.integer(0)),
    };
    Ok((arrays, file.integers(LABELS)?))
}

/// Where each sample starts, and the end of the last, if times and units agree about it.
fn common_offsets(times: &Ragged, units: &Ragged) -> Result<Vec<usize>, Problem> {
    let (times, units) = (&times.lengths, &units.lengths);
    if times.len() != units.len() {
        return Err(Problem::Length {
            array: HDF5_UNITS,
            length: units.len(),
            count: times.len(),
            things: "samples",
        });
    }
    if times.is_empty() {
        return Err(Problem::NoSamples);
    }
    let mut offsets = vec![0];
    let mut end = 0;
    for (sample, (&times, &units)) in times.iter().zip(units).enumerate() {
        if times != units {
            return Err(Problem::SampleLengths {
                sample,
                times,
                units,
            });
        }
        end += times;
        offsets.push(end);
    }
    Ok(offsets)
}

fn one_dimension(array: Array) -> Result<Numbers, Problem> {
    match array.shape[..] {
        [_] => Ok(array.numbers),
        _ => Err(Problem::Dimensions {
            array: array.name,
            shape: array.shape,
            expected: "one dimension",
        }),
    }
}

/// Integers in an array of one dimension, or a single one if there are to be no dimensions.
fn integers(array: Array, dimensions: usize) -> Result<Numbers, Problem> {
    let kind = array.numbers.kind();
    if !kind.is_integer() {
        return Err(Problem::Type {
            array: array.name,
            found: kind.to_string(),
            expected: "integers",
        });
    }
    if dimensions == 0 && array.numbers.len() == 1 {
        return Ok(array.numbers);
    }
    if dimensions == 0 {
        return Err(Problem::Dimensions {
            array: array.name,
            shape: array.shape,
            expected: "a single number",
        });
    }
    one_dimension(array)
}
