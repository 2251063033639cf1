//! `report.html`: what a run or a study found, as one page that needs no network.
//!
//! [`collect`] measures a run on its test samples and gives a [`RunReport`]; [`page`] makes the page of it, or of what
//! studies found. The page has its data as JSON inside, in the element `noctule-data`, so that others can use them: they
//! are a [`Report`].
//!
//! Spike times are those of the engine. Potentials are the exact solution between events, in double precision, from the
//! spikes that the engine found and the weights of the network; see [`Trace`].

mod choice;
mod collect;
mod commands;
mod curves;
mod data;
mod error;
mod histogram;
mod machine;
mod membrane;
mod network;
mod outcomes;
mod page;
mod picture;
mod raster;
mod rounding;
mod samples;

pub use collect::{ReportedRun, Source, collect};
pub use data::{
    Command, Curve, Histogram, LayerInfo, Provenance, Raster, Report, Result, RunReport,
    RunSummary, Sample, SplitCurve, TestReport, TimeCourse, Trace, Why, Worst,
};
pub use error::ReportError;
pub use page::page;
