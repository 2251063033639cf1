//! [`DeviceInput`]: the samples of a batch on the device, and [`DeviceSet`], a stored set of them.

use std::sync::Arc;

use cubecl::prelude::Runtime;
use noctule_core::{Batch, EngineError, Label, Samples, SpikeBatch};

use crate::gpu::{Buffer, Gpu};
use crate::kernels::lists::LAST_OF_INPUT;
use crate::plan::{Plan, aligned};
use crate::refused::unsupported;

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
    /// The labels on the host; empty if there are none.
    pub host_labels: Vec<Label>,
    /// The events on the host, before pooling.
    pub host: HostEvents,
}

/// Where the events of a batch are on the host.
#[derive(Clone, Debug)]
pub(super) enum HostEvents {
    /// All events of a batch.
    Batch(Arc<SpikeBatch<f32>>),
    /// Samples of a set.
    Chosen(Arc<SpikeBatch<f32>>, Vec<u32>),
}

/// A set of samples on the device.
#[derive(Debug)]
pub(super) struct DeviceSet {
    events: Buffer,
    host: Arc<SpikeBatch<f32>>,
    labels: Vec<Label>,
}

impl DeviceSet {
    /// Encodes and uploads a checked set.
    pub fn new<R: Runtime>(
        gpu: &Gpu<R>,
        plan: &Plan,
        set: &Batch<f32>,
    ) -> Result<Self, EngineError> {
        let host = encoded(set)?;
        Ok(Self {
            events: upload_events(gpu, plan, &host),
            host,
            labels: set.labels.clone(),
        })
    }

    /// Samples of the set.
    pub fn len(&self) -> usize {
        self.host.samples()
    }

    /// The samples with these indices, which must exist.
    pub fn select<R: Runtime>(
        &self,
        gpu: &Gpu<R>,
        samples: &[u32],
    ) -> Result<DeviceInput, EngineError> {
        let ranges = samples
            .iter()
            .map(|&sample| self.host.range(sample as usize));
        let labels = match self.labels.is_empty() {
            true => Vec::new(),
            false => samples
                .iter()
                .map(|&sample| self.labels[sample as usize])
                .collect(),
        };
        let host = HostEvents::Chosen(self.host.clone(), samples.to_vec());
        device_input(gpu, self.events.clone(), ranges, labels, host)
    }
}

impl DeviceInput {
    /// Encodes and uploads a checked batch.
    pub fn new<R: Runtime>(
        gpu: &Gpu<R>,
        plan: &Plan,
        batch: &Batch<f32>,
    ) -> Result<Self, EngineError> {
        let host = encoded(batch)?;
        let events = upload_events(gpu, plan, &host);
        let ranges = (0..host.samples()).map(|sample| host.range(sample));
        device_input(
            gpu,
            events,
            ranges,
            batch.labels.clone(),
            HostEvents::Batch(host.clone()),
        )
    }

    /// The events as they were loaded or encoded.
    pub fn to_host(&self) -> Arc<SpikeBatch<f32>> {
        match &self.host {
            HostEvents::Batch(events) => events.clone(),
            HostEvents::Chosen(set, samples) => Arc::new(set.subset(samples)),
        }
    }
}

fn encoded(batch: &Batch<f32>) -> Result<Arc<SpikeBatch<f32>>, EngineError> {
    match &batch.samples {
        Samples::Events(events) => Ok(events.clone()),
        Samples::Images(images) => {
            let all: Vec<u32> = (0..images.len() as u32).collect();
            Ok(Arc::new(images.encode(&all)?))
        }
        _ => Err(unsupported("this kind of samples")),
    }
}

fn device_input<R: Runtime>(
    gpu: &Gpu<R>,
    events: Buffer,
    ranges: impl Iterator<Item = std::ops::Range<usize>>,
    host_labels: Vec<Label>,
    host: HostEvents,
) -> Result<DeviceInput, EngineError> {
    let (starts, counts): (Vec<u32>, Vec<u32>) = ranges
        .map(|range| (range.start as u32, range.len() as u32))
        .unzip();
    let samples = starts.len();
    if samples > MOST_SAMPLES {
        return Err(unsupported(format!(
            "a batch of {samples} samples; the most are {MOST_SAMPLES}"
        )));
    }
    // One upload for all.
    let stride = aligned(samples.max(1));
    let mut numbers = vec![0; 3 * stride];
    numbers[..samples].copy_from_slice(&starts);
    numbers[stride..][..samples].copy_from_slice(&counts);
    numbers[2 * stride..][..host_labels.len()].copy_from_slice(&host_labels);
    let numbers = gpu.upload(&numbers);
    Ok(DeviceInput {
        samples,
        capacity: counts.iter().copied().max().unwrap_or(0).max(1) as usize,
        events,
        starts: numbers.part(0, stride),
        counts: numbers.part(stride, stride),
        labels: numbers.part(2 * stride, stride),
        host_labels,
        host,
    })
}

/// Uploads events as `[segment, offset (bits), input, mark]`; see `kernels::lists::Events`.
pub(super) fn upload_events<R: Runtime>(
    gpu: &Gpu<R>,
    plan: &Plan,
    events: &SpikeBatch<f32>,
) -> Buffer {
    let mut numbers = vec![[0_u32; 4]; events.spikes() + 1];
    // The latest event of each input in the sample, plus 1.
    let mut latest = vec![0_u32; plan.pooled_inputs()];
    for sample in 0..events.samples() {
        let range = events.range(sample);
        let start = range.start;
        for event in range.clone() {
            let (segment, offset) = plan.split(events.precise_time(event));
            let input = plan
                .input_pools
                .iter()
                .fold(events.neurons()[event], |input, pool| pool.pooled(input));
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
    gpu.upload(numbers.as_flattened())
}
