//! Reader of MATLAB 5 files, the default format of `save`: numbers and structures, compressed or not.
//!
//! Sizes in a header are not trusted: memory grows with the bytes that have been read, up to [`LIMIT`].
//! Structures are parsed one level at a time, so deep nesting does no harm.
//!
//! ```
//! use noctule_data::mat5::{Mat5Error, MatFile};
//!
//! let error = MatFile::parse(b"MATLAB 5.0 MAT").expect_err("too short");
//! assert!(matches!(error, Mat5Error::Truncated { expected: 128, found: 14, .. }));
//! ```

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

mod element;
pub(crate) mod error;
mod stream;

use element::{Cursor, Order, kind};
pub use error::{LIMIT, Mat5Error};

/// The class number of structures.
const STRUCTURE: u8 = 2;
/// The class number of unsigned bytes.
const BYTES: u8 = 9;
/// The class numbers of numbers, from double precision to unsigned 64-bit integers.
const NUMBERS: std::ops::RangeInclusive<u8> = 6..=15;

/// The variables of a MATLAB 5 file, unpacked.
#[derive(Clone, Debug)]
pub struct MatFile {
    order: Order,
    variables: Vec<Vec<u8>>,
}

impl MatFile {
    fn new((order, variables): (Order, Vec<Vec<u8>>)) -> Self {
        Self { order, variables }
    }

    /// Reads a file from its bytes.
    ///
    /// # Errors
    /// If the bytes are not a MATLAB 5 file, or the file is too large or damaged.
    pub fn parse(bytes: &[u8]) -> Result<Self, Mat5Error> {
        stream::read(bytes).map(Self::new)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, or is not a MATLAB 5 file, too large or damaged.
    pub fn read(path: &Path) -> Result<Self, Mat5Error> {
        let file = File::open(path).map_err(|cause| Mat5Error::Unreadable {
            cause: cause.to_string(),
        })?;
        stream::read(BufReader::new(file)).map(Self::new)
    }

    /// The variable of this name.
    ///
    /// # Errors
    /// If there is none, or a variable is damaged.
    pub fn variable(&self, name: &str) -> Result<Array<'_>, Mat5Error> {
        let mut known = Vec::new();
        for bytes in &self.variables {
            let array = Array::new(Cursor::new(bytes, self.order))?;
            if array.name == name {
                return Ok(array);
            }
            known.push(array.name);
        }
        Err(absent(name, "the file", known))
    }
}

/// A variable, or a field of one.
#[derive(Clone, Debug)]
pub struct Array<'a> {
    name: String,
    class: u8,
    dimensions: Vec<usize>,
    /// The elements after the name.
    rest: Cursor<'a>,
}

impl<'a> Array<'a> {
    fn new(mut rest: Cursor<'a>) -> Result<Self, Mat5Error> {
        let flags = rest.element("the class")?;
        let class = match (flags.kind, rest.order().numbers(flags)) {
            (kind::UINT32, Some(numbers)) if numbers.len() == 2 => numbers[0] as u32 as u8,
            _ => return Err(flags.malformed("the class")),
        };
        let dimensions = rest.element("the dimensions")?;
        let sizes = match (dimensions.kind, rest.order().numbers(dimensions)) {
            (kind::INT32, Some(sizes)) if sizes.len() >= 2 && sizes.iter().all(|&n| n >= 0.0) => {
                sizes
            }
            _ => return Err(dimensions.malformed("the dimensions")),
        };
        let name = rest.element("the name")?;
        Ok(Self {
            name: text(name.bytes),
            class,
            dimensions: sizes.into_iter().map(|size| size as usize).collect(),
            rest,
        })
    }

    /// The name of the variable or field.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The dimensions, at least two. Values are stored with the first dimension varying fastest.
    pub fn dimensions(&self) -> &[usize] {
        &self.dimensions
    }

    /// The field of this name of a structure.
    ///
    /// # Errors
    /// If this is not a single structure, has no such field, or is damaged.
    pub fn field(&self, name: &str) -> Result<Array<'a>, Mat5Error> {
        self.expect_class(self.class == STRUCTURE, "a structure")?;
        if self.dimensions.iter().any(|&size| size != 1) {
            return Err(self.wrong_dimensions("a single structure"));
        }
        let mut rest = self.rest;
        let length = rest.element("the length of field names")?;
        let length = match rest.order().numbers(length).as_deref() {
            Some(&[length]) if length >= 1.0 => length as usize,
            _ => return Err(length.malformed("the length of field names")),
        };
        let names = rest.element("the field names")?;
        for field in names.bytes.chunks_exact(length) {
            let element = rest.element("a field")?;
            if text(field) != name {
                continue;
            }
            if element.kind != kind::MATRIX {
                return Err(element.malformed("a field"));
            }
            let mut array = Array::new(Cursor::new(element.bytes, rest.order()))?;
            array.name = name.to_owned();
            return Ok(array);
        }
        let known = names.bytes.chunks_exact(length).map(text);
        Err(absent(name, &format!("{:?}", self.name), known))
    }

    /// The values of an array of unsigned bytes.
    ///
    /// # Errors
    /// If this is something else, or damaged.
    pub fn bytes(&self) -> Result<&'a [u8], Mat5Error> {
        self.expect_class(self.class == BYTES, "an array of unsigned bytes")?;
        let mut rest = self.rest;
        let values = rest.element("the values")?;
        if values.kind != kind::UINT8 {
            return Err(values.malformed("the values"));
        }
        self.check_count(values.bytes.len())?;
        Ok(values.bytes)
    }

    /// The values of an array of real numbers.
    ///
    /// # Errors
    /// If this is something else, or damaged.
    pub fn numbers(&self) -> Result<Vec<f64>, Mat5Error> {
        self.expect_class(NUMBERS.contains(&self.class), "an array of numbers")?;
        let mut rest = self.rest;
        let values = rest.element("the values")?;
        let numbers = rest.order().numbers(values);
        let numbers = numbers.ok_or_else(|| values.malformed("the values"))?;
        self.check_count(numbers.len())?;
        Ok(numbers)
    }

    fn expect_class(&self, right: bool, expected: &'static str) -> Result<(), Mat5Error> {
        if right {
            return Ok(());
        }
        Err(Mat5Error::WrongClass {
            array: self.name.clone(),
            expected,
            found: class_name(self.class),
        })
    }

    fn check_count(&self, found: usize) -> Result<(), Mat5Error> {
        let sizes = &mut self.dimensions.iter();
        let expected = sizes.try_fold(1_usize, |product, &size| product.checked_mul(size));
        if expected == Some(found) {
            return Ok(());
        }
        Err(self.wrong_dimensions(&format!("one for its {found} values")))
    }

    fn wrong_dimensions(&self, expected: &str) -> Mat5Error {
        Mat5Error::Dimensions {
            array: self.name.clone(),
            found: self.dimensions.clone(),
            expected: expected.to_owned(),
        }
    }
}

fn absent(name: &str, parent: &str, known: impl IntoIterator<Item = String>) -> Mat5Error {
    Mat5Error::Absent {
        name: name.to_owned(),
        parent: parent.to_owned(),
        known: known.into_iter().take(100).collect(),
    }
}

/// The name stored in `bytes`, without the zeros that pad it.
fn text(bytes: &[u8]) -> String {
    let name = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(name).into_owned()
}

fn class_name(class: u8) -> &'static str {
    match class {
        1 => "a cell array",
        STRUCTURE => "a structure",
        3 => "an object",
        4 => "text",
        5 => "a sparse matrix",
        BYTES => "an array of unsigned bytes",
        class if NUMBERS.contains(&class) => "an array of other numbers",
        _ => "of an unknown class",
    }
}
