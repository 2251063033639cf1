//! What Python says of a model: its precision, and its regularisation.

use noctule_core::{Homeostasis, LayerRegularisation, Regularisation};
use pyo3::prelude::*;

use crate::errors::Error;

/// NumPy's names of the two precisions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Dtype {
    Float32,
    Float64,
}

impl<'py> FromPyObject<'_, 'py> for Dtype {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let name: String = object.extract()?;
        match name.as_str() {
            "float32" => Ok(Self::Float32),
            "float64" => Ok(Self::Float64),
            _ => Err(Error::array(format!(
                "dtype must be \"float32\" or \"float64\", not \"{name}\""
            ))
            .into()),
        }
    }
}

/// Regularisation, as Python describes it: the largest inverse slope, and for each layer its silent boost and homeostasis.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct RegularisationSpec {
    max_inverse_slope: Option<f64>,
    silent_boost: Vec<f64>,
    homeostasis: Vec<Option<(f64, f64)>>,
}

impl RegularisationSpec {
    /// As the engines know it.
    pub fn regularisation(&self) -> Regularisation {
        let layers = self.silent_boost.iter().zip(&self.homeostasis);
        Regularisation {
            max_inverse_slope: self.max_inverse_slope,
            layers: layers
                .map(|(&silent_boost, homeostasis)| LayerRegularisation {
                    silent_boost,
                    homeostasis: homeostasis
                        .map(|(target, strength)| Homeostasis { target, strength }),
                })
                .collect(),
        }
    }
}
