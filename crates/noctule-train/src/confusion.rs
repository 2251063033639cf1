//! Which classes are taken for which.
//!
//! ```
//! use noctule_train::Confusion;
//!
//! let mut confusion = Confusion::new(2);
//! confusion.add(0, Some(0));
//! confusion.add(1, Some(0));
//! confusion.add(1, None);
//! assert_eq!(confusion.rows(), [[1, 0, 0], [1, 0, 1]]);
//! ```

use noctule_core::Label;

/// How many samples of each class were predicted to be of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    rows: Vec<Vec<u64>>,
}

impl Confusion {
    /// No samples yet, of this many classes.
    pub fn new(classes: usize) -> Self {
        Self {
            rows: vec![vec![0; classes + 1]; classes],
        }
    }

    /// Adds a sample of class `label` with its prediction, `None` if no output neuron spiked. Labels that are no classes
    /// are not counted.
    pub fn add(&mut self, label: Label, prediction: Option<Label>) {
        if let Some(row) = self.rows.get_mut(label as usize) {
            let silent = row.len() - 1;
            let column = prediction.map_or(silent, |class| class as usize);
            if let Some(count) = row.get_mut(column) {
                *count += 1;
            }
        }
    }

    /// A row for each true class: the samples of it by predicted class, then those in which no output neuron spiked.
    /// Shape `[classes][classes + 1]`.
    pub fn rows(&self) -> &[Vec<u64>] {
        &self.rows
    }

    /// The share of a class that is predicted right; `None` if there is no sample of it.
    pub fn recall(&self, class: usize) -> Option<f64> {
        let row = self.rows.get(class)?;
        let samples: u64 = row.iter().sum();
        (samples > 0).then(|| row[class] as f64 / samples as f64)
    }
}
