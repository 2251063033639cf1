//! From results to a document.

use super::results::PrecisionResults;
use crate::study::{Provenance, StudyDocument};

/// The document of the study.
pub(super) fn document(_: &PrecisionResults) -> StudyDocument {
    StudyDocument {
        study: "precision".to_owned(),
        title: String::new(),
        summary: String::new(),
        provenance: Provenance::default(),
        verdicts: vec![],
        sections: vec![],
    }
}
