//! What the pretend driver notes: `driver.c` describes its lines. The cases add lines of their own between them:
//!
//! ```text
//! case <name>
//! batches <number>
//! end of batches
//! ```

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The variable of the environment that names the folder.
pub const FOLDER: &str = "PRETEND_CUDA_FOLDER";

/// Adds lines to the record. Nothing may be under way on the device then.
pub struct Writer {
    path: PathBuf,
}

impl Writer {
    /// A new record in this folder.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let path = folder.join("record.txt");
        File::create(&path)?;
        Ok(Self { path })
    }

    fn add(&self, line: &str) {
        let mut file = OpenOptions::new()
            .append(true)
            .open(&self.path)
            .expect("the record");
        writeln!(file, "{line}").expect("a line of the record");
    }

    pub fn begin(&self, case: &str) {
        self.add(&format!("case {case}"));
    }

    /// The launches until [`end_batches`](Self::end_batches) are those of `number` batches.
    pub fn begin_batches(&self, number: usize) {
        self.add(&format!("batches {number}"));
    }

    pub fn end_batches(&self) {
        self.add("end of batches");
    }

    /// The record so far.
    ///
    /// # Panics
    /// If no driver wrote to it: then this was another driver.
    pub fn read(&self) -> Record {
        let text = fs::read_to_string(&self.path).expect("the record");
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        assert!(
            lines.iter().any(|line| line.starts_with("driver ")),
            "the driver that was loaded is not the pretend driver"
        );
        Record { lines }
    }
}

/// The record of all cases.
pub struct Record {
    lines: Vec<String>,
}

impl Record {
    /// The words after the first one of all lines that begin with it.
    fn lines<'a>(&'a self, first: &'a str) -> impl Iterator<Item = Vec<&'a str>> {
        let words = self.lines.iter().map(|line| line.split(' '));
        words.filter_map(move |mut words| (words.next()? == first).then(|| words.collect()))
    }

    /// The names of all kernels that were compiled.
    pub fn kernels(&self) -> BTreeSet<String> {
        self.lines("module")
            .map(|words| words[1].to_owned())
            .collect()
    }

    /// The numbers of all modules.
    pub fn compiled(&self) -> impl Iterator<Item = u32> {
        self.lines("module").map(|words| number(words[0]))
    }

    /// The numbers of the modules that were launched, each as often as it was.
    pub fn launched(&self) -> impl Iterator<Item = u32> {
        self.lines("launch").map(|words| number(words[0]))
    }

    /// Launches of a batch of a case. Those of a read, of which there is one for all batches, are not counted.
    pub fn launches_of_a_batch(&self, case: &str) -> u32 {
        let case = format!("case {case}");
        let own = self.lines.iter().skip_while(|line| **line != case);
        let mut own = own.skip_while(|line| !line.starts_with("batches "));
        let batches = own.next().expect("a case with batches");
        let launches = own
            .take_while(|line| *line != "end of batches")
            .filter(|line| line.starts_with("launch "))
            .count();
        launches as u32 / number(&batches["batches ".len()..])
    }
}

fn number(word: &str) -> u32 {
    word.parse().expect("a number in the record")
}
