//! [`StudyDocument`]: what a study found, as data.

use serde::{Deserialize, Serialize};

/// What a study found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StudyDocument {
    /// Name of the study, such as `precision`.
    pub study: String,
    /// The title, for people.
    pub title: String,
    /// What was asked and how it was measured, in one paragraph.
    pub summary: String,
    /// Where the numbers come from.
    pub provenance: Provenance,
    /// The claims that were tested.
    pub verdicts: Vec<Verdict>,
    /// The measurements.
    pub sections: Vec<Section>,
}

/// Where the numbers of a study come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of Noctule, with its commit.
    pub version: String,
    /// The machine: processor or device, and threads.
    pub machine: String,
    /// The command that repeats the study.
    pub command: String,
    /// The time that measuring took, in seconds, over all resumptions.
    pub seconds: f64,
}

/// Whether a claim was found to be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// In all that was measured.
    Holds,
    /// In some of it.
    HoldsPartly,
    /// In none of it.
    DoesNotHoldHere,
}

impl Finding {
    /// The finding in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::HoldsPartly => "holds partly",
            Self::DoesNotHoldHere => "does not hold here",
        }
    }

    /// `Holds` if `holding` of `all` comparisons hold and that is all of them, `HoldsPartly` if some do.
    pub fn of(holding: usize, all: usize) -> Self {
        match holding {
            0 => Self::DoesNotHoldHere,
            _ if holding == all => Self::Holds,
            _ => Self::HoldsPartly,
        }
    }
}

/// A claim, and what was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The subject in a word or two, such as `sparsity`.
    pub subject: String,
    /// The claim, as a sentence.
    pub claim: String,
    /// Whether it holds.
    pub finding: Finding,
    /// The numbers, with their spread and sample sizes.
    pub evidence: String,
}

/// A part of the measurements.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// The title.
    pub title: String,
    /// What was measured, as one paragraph.
    pub text: String,
    /// Tables.
    pub tables: Vec<Table>,
    /// Charts.
    pub charts: Vec<Chart>,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The title.
    pub title: String,
    /// Names of the columns, with units.
    pub columns: Vec<String>,
    /// The cells, row by row, as they are shown.
    pub rows: Vec<Vec<String>>,
}

/// Lines or points over an axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// Name of its picture's file, without extension, such as `euler-error`.
    pub name: String,
    /// The title.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The lines.
    pub series: Vec<Series>,
}

/// An axis of a chart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// What it shows, with the unit.
    pub label: String,
    /// Whether it is logarithmic; only positive values are shown then.
    pub log: bool,
}

impl Axis {
    /// A linear axis.
    pub fn linear(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            log: false,
        }
    }

    /// A logarithmic axis.
    pub fn log(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            log: true,
        }
    }
}

/// One line of a chart. All numbers are finite.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// Positions; shape `[points]`.
    pub x: Vec<f64>,
    /// Values; shape `[points]`.
    pub y: Vec<f64>,
    /// Standard errors of the values; shape `[points]`, or empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub error: Vec<f64>,
}
