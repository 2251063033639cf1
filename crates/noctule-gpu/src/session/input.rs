//! [`DeviceInput`]: the samples of a batch on the device, and [`DeviceSet`], a stored set of them.

use std::ops::Range;
use std::sync::Arc;

use cubecl::prelude::Runtime;
use noctule_core::{Batch, EngineError, Images, Label, Pixels, Samples, SpikeBatch};

use crate::gpu::{Buffer, Gpu};
use crate::kernels::lists::LAST_OF_INPUT;
use crate::plan::{Plan, aligned, pooled};
use crate::refused::unsupported;
use crate::session::images::{EncodedImages, encode_on_device};

/// The most samples of a batch: back ends limit the number of cubes in a dimension.
const MOST_SAMPLES: usize = 65_535;

/// The input events of a batch.
#[derive(Debug)]
pub(super) struct DeviceInput {
    pub samples: usize,
    /// The largest number of events of a sample.
    pub capacity: usize,
    pub events: Buffer,
    pub starts: Buffer,
    pub counts: Buffer,
    pub labels: Buffer,
    /// Bytes on the device that are the batch's alone.
    pub own_bytes: usize,
    /// The labels on the host; empty if there are none.
    pub host_labels: Vec<Label>,
    host: HostSamples,
    /// Those of the host's samples that are in the batch; `None`: all.
    chosen: Option<Vec<u32>>,
}

/// The samples of a batch or a set on the host.
#[derive(Clone, Debug)]
enum HostSamples {
    Events(Arc<SpikeBatch<f32>>),
    Images(Images),
}

impl HostSamples {
    /// The events of all samples, or of those with the indices `chosen`, as they were loaded or encoded.
    fn events(&self, chosen: Option<&[u32]>) -> Arc<SpikeBatch<f32>> {
        match (self, chosen) {
            (Self::Events(events), None) => events.clone(),
            (Self::Events(events), Some(chosen)) => Arc::new(events.subset(chosen)),
            (Self::Images(images), chosen) => {
                let all: Vec<u32> = (0..images.len() as u32).collect();
                // The intensities were checked when they were loaded.
                let encoded = images.encode(chosen.unwrap_or(&all));
                Arc::new(encoded.unwrap_or_default())
            }
        }
    }
}

/// Events on the device, where those of each sample are, and what they come from.
#[derive(Debug)]
pub(super) struct Uploaded {
    events: Buffer,
    ranges: Vec<Range<usize>>,
    host: HostSamples,
}

impl Uploaded {
    /// Brings checked samples to the device, and encodes them.
    fn new<R: Runtime>(gpu: &Gpu<R>, plan: &Plan, batch: &Batch<f32>) -> Result<Self, EngineError> {
        let events = match &batch.samples {
            Samples::Events(events) => events.clone(),
            Samples::Images(images) => {
                if let Some(encoded) = encode_on_device(gpu, plan, images)? {
                    let EncodedImages { events, ranges } = encoded;
                    return Ok(Self {
                        events,
                        ranges,
                        host: HostSamples::Images(images.clone()),
                    });
                }
                let all: Vec<u32> = (0..images.len() as u32).collect();
                Arc::new(images.encode(&all)?)
            }
            _ => return Err(unsupported("this kind of samples")),
        };
        let samples = 0..events.samples();
        Ok(Self {
            ranges: samples.map(|sample| events.range(sample)).collect(),
            events: upload_events(gpu, plan, &events)?,
            host: HostSamples::Events(events),
        })
    }
}

/// A stored set of samples.
#[derive(Debug)]
pub(super) enum DeviceSet {
    /// On the device, with its labels.
    Device {
        uploaded: Uploaded,
        labels: Vec<Label>,
    },
    /// On the host, since its events are more than one list of the device can hold: each batch is uploaded.
    Host(Batch<f32>),
}

impl DeviceSet {
    /// Stores a checked set.
    pub fn new<R: Runtime>(
        gpu: &Gpu<R>,
        plan: &Plan,
        set: &Batch<f32>,
    ) -> Result<Self, EngineError> {
        match Uploaded::new(gpu, plan, set) {
            Ok(uploaded) => Ok(Self::Device {
                uploaded,
                labels: set.labels.clone(),
            }),
            Err(EngineError::OutOfMemory { .. }) => Ok(Self::Host(set.clone())),
            Err(error) => Err(error),
        }
    }

    /// Samples of the set.
    pub fn len(&self) -> usize {
        match self {
            Self::Device { uploaded, .. } => uploaded.ranges.len(),
            Self::Host(set) => set.len(),
        }
    }

    /// The samples with these indices, which must exist.
    pub fn select<R: Runtime>(
        &self,
        gpu: &Gpu<R>,
        plan: &Plan,
        samples: &[u32],
    ) -> Result<DeviceInput, EngineError> {
        match self {
            Self::Device { uploaded, labels } => {
                let ranges = samples
                    .iter()
                    .map(|&sample| &uploaded.ranges[sample as usize]);
                let chosen = Uploaded {
                    events: uploaded.events.clone(),
                    ranges: ranges.cloned().collect(),
                    host: uploaded.host.clone(),
                };
                let labels = labels_of(labels, samples);
                DeviceInput::of(gpu, chosen, labels, Some(samples.to_vec()))
            }
            Self::Host(set) => DeviceInput::new(gpu, plan, &subset(set, samples)),
        }
    }
}

/// The labels of some samples; none if there are none.
fn labels_of(labels: &[Label], samples: &[u32]) -> Vec<Label> {
    if labels.is_empty() {
        return Vec::new();
    }
    let labels = samples.iter().map(|&sample| labels[sample as usize]);
    labels.collect()
}

/// A batch of some of a set's samples.
fn subset(set: &Batch<f32>, samples: &[u32]) -> Batch<f32> {
    let labels = labels_of(&set.labels, samples);
    match &set.samples {
        Samples::Images(images) => {
            let pixels = match &images.pixels {
                Pixels::Bytes(bytes) => Pixels::Bytes(Arc::new(chosen_of(bytes, images, samples))),
                Pixels::Floats(all) => Pixels::Floats(Arc::new(chosen_of(all, images, samples))),
            };
            let images = Images {
                pixels,
                ..images.clone()
            };
            Batch::images(images, labels)
        }
        Samples::Events(events) => Batch::events(events.subset(samples), labels),
        _ => set.clone(),
    }
}

/// The intensities of some images.
fn chosen_of<V: Copy>(values: &[V], images: &Images, samples: &[u32]) -> Vec<V> {
    let neurons = images.shape.neurons();
    let chosen = samples
        .iter()
        .flat_map(|&sample| &values[sample as usize * neurons..][..neurons]);
    chosen.copied().collect()
}

impl DeviceInput {
    /// Uploads a checked batch.
    pub fn new<R: Runtime>(
        gpu: &Gpu<R>,
        plan: &Plan,
        batch: &Batch<f32>,
    ) -> Result<Self, EngineError> {
        let uploaded = Uploaded::new(gpu, plan, batch)?;
        Self::of(gpu, uploaded, batch.labels.clone(), None)
    }

    fn of<R: Runtime>(
        gpu: &Gpu<R>,
        uploaded: Uploaded,
        host_labels: Vec<Label>,
        chosen: Option<Vec<u32>>,
    ) -> Result<Self, EngineError> {
        let samples = uploaded.ranges.len();
        if samples > MOST_SAMPLES {
            return Err(unsupported(format!(
                "a batch of {samples} samples; the most are {MOST_SAMPLES}"
            )));
        }
        // One upload for all.
        let stride = aligned(samples.max(1));
        let mut numbers = vec![0; 3 * stride];
        let mut most = 1;
        for (sample, range) in uploaded.ranges.iter().enumerate() {
            numbers[sample] = range.start as u32;
            numbers[stride + sample] = range.len() as u32;
            most = most.max(range.len());
        }
        let own_bytes = match chosen {
            Some(_) => 4 * numbers.len(),
            None => 4 * (numbers.len() + uploaded.events.len()),
        };
        numbers[2 * stride..][..host_labels.len()].copy_from_slice(&host_labels);
        let numbers = gpu.upload(&numbers);
        Ok(Self {
            samples,
            capacity: most,
            events: uploaded.events,
            starts: numbers.part(0, stride),
            counts: numbers.part(stride, stride),
            labels: numbers.part(2 * stride, stride),
            own_bytes,
            host_labels,
            host: uploaded.host,
            chosen,
        })
    }

    /// The events as they were loaded or encoded, before pooling.
    pub fn to_host(&self) -> Arc<SpikeBatch<f32>> {
        self.host.events(self.chosen.as_deref())
    }
}

/// Uploads events as `[segment, offset (bits), input, mark]`; see `kernels::lists::Events`.
fn upload_events<R: Runtime>(
    gpu: &Gpu<R>,
    plan: &Plan,
    events: &SpikeBatch<f32>,
) -> Result<Buffer, EngineError> {
    gpu.check_length(4 * (events.spikes() + 1))?;
    let mut numbers = vec![[0_u32; 4]; events.spikes() + 1];
    // The latest event of each input in the sample, plus 1.
    let mut latest = vec![0_u32; plan.pooled_inputs()];
    for sample in 0..events.samples() {
        let range = events.range(sample);
        let start = range.start;
        for event in range.clone() {
            let (segment, offset) = plan.split(events.precise_time(event));
            let input = pooled(events.neurons()[event], &plan.input_pools);
            let before = &mut latest[input as usize];
            numbers[event] = [segment, offset.to_bits(), input, *before];
            *before = (event - start) as u32 + 1;
        }
        for event in range.rev() {
            let input = numbers[event][2] as usize;
            if latest[input] > 0 {
                numbers[event][3] |= LAST_OF_INPUT;
                latest[input] = 0;
            }
        }
    }
    Ok(gpu.upload(numbers.as_flattened()))
}
