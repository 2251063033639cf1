//! Labelled samples: event lists, or images that an engine encodes.

use std::sync::Arc;

use noctule_core::{Batch, Images, Label, LatencyEncoding, Pixels, Shape};
use numpy::{PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::errors::{Error, Result};
use crate::number::Number;
use crate::spikes::{SpikeArrays, slice, to_arrays};

/// The samples of a data set of Python.
#[derive(FromPyObject)]
pub enum SampleSpec<'py> {
    /// Images.
    Images(ImageSpec<'py>),
    /// A `SpikeBatch`.
    Events(SpikeArrays<'py>),
}

/// Images and their encoding.
#[derive(FromPyObject)]
pub struct ImageSpec<'py> {
    images: Intensities<'py>,
    encoding: EncodingSpec,
}

/// Intensities `[image, height, width, channel]`.
#[derive(FromPyObject)]
enum Intensities<'py> {
    #[pyo3(transparent)]
    Bytes(PyReadonlyArrayDyn<'py, u8>),
    #[pyo3(transparent)]
    Floats(PyReadonlyArrayDyn<'py, f32>),
}

/// A latency encoding.
#[derive(FromPyObject)]
struct EncodingSpec {
    earliest: f64,
    latest: f64,
    silent_zero: bool,
    bias: Option<f64>,
}

impl EncodingSpec {
    fn encoding(&self) -> Result<LatencyEncoding> {
        let encoding = LatencyEncoding::new(self.earliest, self.latest)?;
        let encoding = encoding.with_silent_zero(self.silent_zero);
        Ok(match self.bias {
            Some(time) => encoding.with_bias(time)?,
            None => encoding,
        })
    }
}

impl ImageSpec<'_> {
    fn images(&self) -> Result<Images> {
        let (shape, pixels) = match &self.images {
            Intensities::Bytes(array) => {
                let values = slice(array)?.to_vec();
                (array.shape(), Pixels::Bytes(Arc::new(values)))
            }
            Intensities::Floats(array) => {
                let values = slice(array)?.to_vec();
                (array.shape(), Pixels::Floats(Arc::new(values)))
            }
        };
        let &[_, height, width, channels] = shape else {
            return Err(Error::array(format!(
                "images must have the shape [image, height, width, channel], not {shape:?}"
            )));
        };
        Ok(Images {
            shape: Shape {
                height,
                width,
                channels,
            },
            pixels,
            encoding: self.encoding.encoding()?,
        })
    }
}

/// Samples and labels, as engines take them.
pub fn batch<T: Number>(samples: &SampleSpec<'_>, labels: &[Label]) -> Result<Batch<T>> {
    let labels = labels.to_vec();
    Ok(match samples {
        SampleSpec::Images(images) => Batch::images(images.images()?, labels),
        SampleSpec::Events(events) => Batch::events(Arc::new(events.to_batch()?), labels),
    })
}

/// The events of images, in single precision.
#[pyfunction]
pub fn encode_images<'py>(py: Python<'py>, images: ImageSpec<'py>) -> Result<Bound<'py, PyTuple>> {
    let images = images.images()?;
    let events = py.detach(|| {
        let all: Vec<u32> = (0..images.len() as u32).collect();
        images.encode::<f32>(&all)
    })?;
    Ok(to_arrays(py, events).into_pyobject(py)?)
}
