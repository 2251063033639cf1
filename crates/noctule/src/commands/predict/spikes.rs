//! The spikes of all samples in a layer, kept on disk until the file is written: they may be more than fit in memory.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, Write};
use std::path::Path;

use noctule_core::SpikeBatch;

use super::npz::NpzWriter;

/// The spikes of a layer in the samples so far. Its files have no name, so they vanish with the process.
pub(super) struct LayerSpikes {
    layer: usize,
    times: BufWriter<File>,
    units: BufWriter<File>,
    /// Where each sample begins, and the end.
    offsets: Vec<i64>,
}

impl LayerSpikes {
    /// No samples yet; `folder` is on the disk that is used.
    pub fn new(layer: usize, folder: &Path) -> io::Result<Self> {
        let file = || Ok::<_, io::Error>(BufWriter::new(tempfile::tempfile_in(folder)?));
        Ok(Self {
            layer,
            times: file()?,
            units: file()?,
            offsets: vec![0],
        })
    }

    /// Adds the samples of a batch.
    pub fn add(&mut self, spikes: &SpikeBatch<f32>) -> io::Result<()> {
        for sample in 0..spikes.samples() {
            let spikes = spikes.sample(sample);
            for spike in 0..spikes.len() {
                self.times
                    .write_all(&precise_time(spikes, spike).to_ne_bytes())?;
                let unit = i32::try_from(spikes.neurons[spike]).unwrap_or(i32::MAX);
                self.units.write_all(&unit.to_ne_bytes())?;
            }
            self.offsets.push(self.spikes() + spikes.len() as i64);
        }
        Ok(())
    }

    /// Number of spikes so far.
    fn spikes(&self) -> i64 {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// Writes the lists of this layer.
    pub fn write<W: Write + Seek>(mut self, file: &mut NpzWriter<W>) -> io::Result<()> {
        let (layer, spikes) = (self.layer, self.spikes() as u64);
        let read = |file: &mut BufWriter<File>| -> io::Result<BufReader<File>> {
            file.rewind()?;
            Ok(BufReader::new(file.get_ref().try_clone()?))
        };
        let (times, units) = (read(&mut self.times)?, read(&mut self.units)?);
        file.list_of_bytes::<f64>(&format!("layer{layer}_times"), spikes, times)?;
        file.list_of_bytes::<i32>(&format!("layer{layer}_units"), spikes, units)?;
        let offsets = format!("layer{layer}_offsets");
        file.array(&offsets, &[self.offsets.len()], &self.offsets)
    }
}

/// The time of a spike in seconds, with what rounding to single precision took from it.
pub(super) fn precise_time(spikes: noctule_core::Spikes<'_, f32>, spike: usize) -> f64 {
    let rest = spikes.residuals.get(spike).copied().unwrap_or(0.0);
    f64::from(spikes.times[spike]) + f64::from(rest)
}
