//! Writing NPZ files: a zip of arrays, as `numpy.load` reads them.

use std::io::{self, Read, Seek, Write};

use npyz::{AutoSerialize, WriteOptions, WriterBuilder};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Bytes from which on a member of the zip needs its larger format; below 4 GiB, for the header of the array.
const LARGE: u64 = 0xf000_0000;

/// An NPZ file under construction.
pub(super) struct NpzWriter<W: Write + Seek> {
    zip: ZipWriter<W>,
}

impl<W: Write + Seek> NpzWriter<W> {
    pub fn new(file: W) -> Self {
        Self {
            zip: ZipWriter::new(file),
        }
    }

    /// Adds an array of this shape.
    pub fn array<T: AutoSerialize + Copy>(
        &mut self,
        name: &str,
        shape: &[usize],
        values: &[T],
    ) -> io::Result<()> {
        self.begin(name, size_of_val(values) as u64)?;
        let shape: Vec<u64> = shape.iter().map(|&length| length as u64).collect();
        let options = WriteOptions::new().default_dtype().shape(&shape);
        let mut array = options.writer(&mut self.zip).begin_nd()?;
        array.extend(values.iter().copied())?;
        array.finish()
    }

    /// Adds a list of `length` numbers, whose bytes come from elsewhere.
    pub fn list_of_bytes<T: AutoSerialize>(
        &mut self,
        name: &str,
        length: u64,
        mut bytes: impl Read,
    ) -> io::Result<()> {
        self.begin(name, length.saturating_mul(size_of::<T>() as u64))?;
        let options = WriteOptions::<T>::new().default_dtype().shape(&[length]);
        options.writer(&mut self.zip).write_header_only()?;
        io::copy(&mut bytes, &mut self.zip)?;
        Ok(())
    }

    fn begin(&mut self, name: &str, bytes: u64) -> io::Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(bytes >= LARGE);
        Ok(self.zip.start_file(format!("{name}.npy"), options)?)
    }

    /// Writes the end of the file.
    pub fn finish(self) -> io::Result<()> {
        self.zip.finish()?;
        Ok(())
    }
}
