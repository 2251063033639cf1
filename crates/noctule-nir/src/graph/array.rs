//! [`Array`]: numbers of a node and how they are arranged.

/// How exact the numbers of an array are in a file.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Precision {
    /// 32 bits.
    Single,
    /// 64 bits.
    #[default]
    Double,
}

/// Numbers in row-major order: the last index varies fastest. An empty shape is that of a single number.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    shape: Vec<usize>,
    values: Vec<f64>,
    precision: Precision,
}

impl Array {
    /// An array in double precision; `None` if the number of values is not the product of the shape.
    pub fn new(shape: &[usize], values: Vec<f64>) -> Option<Self> {
        let count = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d))?;
        (count == values.len()).then(|| Self {
            shape: shape.to_vec(),
            values,
            precision: Precision::Double,
        })
    }

    /// The same numbers, to be written in this precision.
    #[must_use]
    pub fn in_precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// A list of numbers.
    pub fn list(values: Vec<f64>) -> Self {
        Self {
            shape: vec![values.len()],
            values,
            precision: Precision::Double,
        }
    }

    /// Zeros in a list.
    pub fn zeros(length: usize) -> Self {
        Self::list(vec![0.0; length])
    }

    /// Length of each dimension.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// All numbers in row-major order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// How exact they are in a file.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The index, in each dimension, of a number in row-major order.
    pub fn index_of(&self, mut position: usize) -> Vec<usize> {
        let mut index = vec![0; self.shape.len()];
        for (index, &length) in index.iter_mut().zip(&self.shape).rev() {
            *index = position % length.max(1);
            position /= length.max(1);
        }
        index
    }

    /// The numbers repeated along dimensions of length 1, as NumPy does it, until the shape is `shape`; `None` if that
    /// cannot be. Dimensions of length 1 at the front may be too many.
    pub fn broadcast(&self, shape: &[usize]) -> Option<Vec<f64>> {
        let mut own = self.shape.as_slice();
        while own.len() > shape.len() && own[0] == 1 {
            own = &own[1..];
        }
        let missing = shape.len().checked_sub(own.len())?;
        let fits = own.iter().zip(&shape[missing..]);
        if !fits
            .clone()
            .all(|(&own, &wanted)| own == wanted || own == 1)
        {
            return None;
        }
        let count = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d))?;
        if self.values.len() == count {
            return Some(self.values.clone());
        }
        // The step from one number to the next along each dimension: 0 where the number is repeated.
        let mut steps = vec![0; shape.len()];
        let mut step = 1;
        for (dimension, &length) in own.iter().enumerate().rev() {
            steps[missing + dimension] = if length == 1 { 0 } else { step };
            step *= length;
        }
        let value = |mut position: usize| {
            let mut place = 0;
            for (&length, &step) in shape.iter().zip(&steps).rev() {
                place += position % length * step;
                position /= length;
            }
            self.values[place]
        };
        Some((0..count).map(value).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_repeated_as_numpy_does_it() {
        let pairs = Array::new(&[2, 1], vec![1.0, 2.0]).unwrap();
        let repeated = pairs.broadcast(&[3, 2, 2]).unwrap();
        assert_eq!(repeated, [1.0, 1.0, 2.0, 2.0].repeat(3));
        let one = Array::new(&[], vec![5.0]).unwrap();
        assert_eq!(one.broadcast(&[3]).unwrap(), [5.0; 3]);
        let batch = Array::new(&[1, 1, 3], vec![1.0, 2.0, 3.0]).unwrap();
        assert_eq!(batch.broadcast(&[3]).unwrap(), [1.0, 2.0, 3.0]);
        assert_eq!(batch.broadcast(&[4]), None);
        assert_eq!(pairs.broadcast(&[2]), None);
        assert_eq!(Array::list(vec![]).broadcast(&[2]), None);
    }

    #[test]
    fn positions_become_indices() {
        let array = Array::new(&[2, 3], vec![0.0; 6]).unwrap();
        assert_eq!(array.index_of(4), [1, 1]);
        assert!(Array::new(&[2, 3], vec![0.0; 5]).is_none());
        assert!(Array::new(&[usize::MAX, 2], vec![]).is_none());
    }
}
