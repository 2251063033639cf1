//! NPZ files: written as the command reads them, and read as it writes them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use npyz::{AutoSerialize, Deserialize, NpyFile, WriteOptions, WriterBuilder};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// An array by its name.
pub struct Array {
    name: &'static str,
    bytes: Vec<u8>,
}

impl Array {
    pub fn new<T: AutoSerialize>(name: &'static str, shape: &[usize], values: Vec<T>) -> Self {
        let mut bytes = Vec::new();
        let shape: Vec<u64> = shape.iter().map(|&length| length as u64).collect();
        let options = WriteOptions::new().default_dtype().shape(&shape);
        let mut array = options.writer(&mut bytes).begin_nd().unwrap();
        array.extend(values).unwrap();
        array.finish().unwrap();
        Self { name, bytes }
    }
}

pub fn write(path: &Path, arrays: &[Array]) {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    for array in arrays {
        let name = format!("{}.npy", array.name);
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        std::io::copy(&mut array.bytes.as_slice(), &mut zip).unwrap();
    }
    zip.finish().unwrap();
}

/// The numbers and the shape of an array; `None` if there is none of this name.
pub fn read<T: Deserialize>(path: &Path, name: &str) -> Option<(Vec<T>, Vec<u64>)> {
    let mut zip = ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut bytes = Vec::new();
    let mut member = zip.by_name(&format!("{name}.npy")).ok()?;
    member.read_to_end(&mut bytes).unwrap();
    let array = NpyFile::new(bytes.as_slice()).unwrap();
    let shape = array.shape().to_vec();
    Some((array.into_vec().unwrap(), shape))
}
