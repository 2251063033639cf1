//! Training of a network and samples of the user's own.

use std::sync::{Arc, Mutex, PoisonError};

use noctule_core::{Batch, Engine, Label, Network, Optimiser, SpikeBatch, TensorName};
use noctule_train::initial::{
    default_potential, default_silent_boost, drive_of_last_layer, initial_weights,
    threshold_initialiser,
};
use noctule_train::schedule::{CosineSchedule, StepSchedule};
use noctule_train::{OwnLoss, RunEnd, ScheduleConfig, Trainer, TrainerBuilder};
use pyo3::prelude::*;

use crate::errors::{Error, Result};
use crate::losses::{LossSpec, loss, prediction};
use crate::model::{Model, RegularisationSpec};
use crate::optimisers::{OptimiserSpec, root_mean_square};
use crate::samples::{SampleSpec, batch};
use crate::spikes::{to_arrays, values};
use crate::watch::{self, Stop};

/// What `noctule.fit` was given.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct FitSpec<'py> {
    train: (SampleSpec<'py>, Vec<Label>),
    validation: Option<(SampleSpec<'py>, Vec<Label>)>,
    test: (SampleSpec<'py>, Vec<Label>),
    loss: LossChoice<'py>,
    prediction: Option<String>,
    optimiser: OptimiserSpec,
    /// Kind, and its numbers: `("step", [every_epochs, factor, floor])`, `("cosine", [floor, warmup_epochs])`.
    schedule: (String, Vec<f64>),
    regularisation: RegularisationSpec,
    /// Whether the last layer's silent boost follows from its weights.
    default_silent_boost: bool,
    weight_average: f64,
    epochs: usize,
    batch_size: usize,
    seed: u64,
    /// For each layer whose initial weights are to suit the samples: mean and standard deviation of the potential in
    /// thresholds, where they are given.
    measured: Vec<Option<(Option<f64>, Option<f64>)>>,
    weights_seed: u64,
    /// Whether the network is to be up to date after each epoch, since somebody looks.
    has_callbacks: bool,
}

/// A loss of Noctule's, or a function of the user's.
#[derive(FromPyObject)]
enum LossChoice<'py> {
    #[pyo3(transparent)]
    Known(LossSpec),
    #[pyo3(transparent)]
    Own(Bound<'py, PyAny>),
}

/// Trains a model. `observer` hears of batches, epochs and warnings; its method `after_epoch` returns whether to stop.
/// Returns whether all epochs are done. The model has the trained weights then, also after an error of Python.
#[pyfunction]
pub fn fit<'py>(
    py: Python<'py>,
    model: &Model,
    spec: FitSpec<'py>,
    observer: &Bound<'py, PyAny>,
) -> Result<bool> {
    let (engine, network) = py.detach(|| {
        model.with_single(|model| Ok((Arc::clone(&model.engine), model.network()?.clone())))
    })?;
    let train = batch(&spec.train.0, &spec.train.1)?;
    let samples = Samples {
        test: batch(&spec.test.0, &spec.test.1)?,
        validation: match &spec.validation {
            Some((samples, labels)) => Some(batch(samples, labels)?),
            None => None,
        },
        train,
    };
    let network = py.detach(|| {
        begin_with(
            network,
            &spec.measured,
            &samples.train,
            &*engine,
            spec.weights_seed,
        )
    })?;
    let raised = Arc::new(Mutex::new(None));
    let stop = Arc::new(Stop::default());
    let rule = spec.optimiser.rule_for(&network)?;
    let learning_rate = rule.learning_rate();
    let builder = builder(engine, network, samples, &spec, rule)?;
    let builder = match spec.loss {
        LossChoice::Known(known) => builder.loss(loss(&known)?),
        LossChoice::Own(function) => own_loss(builder, function.unbind(), &raised, &stop),
    };
    let mut trainer = py.detach(|| builder.build())?;
    observer.call_method1("begun", (learning_rate,))?;
    let mut after_epoch = |py: Python<'_>, trainer: &mut Trainer| {
        give_weights(py, trainer, model)?;
        Ok(observer.call_method0("after_epoch")?.extract()?)
    };
    let after_epoch: Option<&mut dyn FnMut(Python<'_>, &mut Trainer) -> Result<bool>> =
        match spec.has_callbacks {
            true => Some(&mut after_epoch),
            false => None,
        };
    let end = watch::train(py, &mut trainer, None, observer, &stop, after_epoch);
    let given = give_weights(py, &mut trainer, model);
    let raised = raised.lock().unwrap_or_else(PoisonError::into_inner).take();
    match raised {
        Some(error) => Err(Error::from(error)),
        None => {
            let finished = end? == RunEnd::Finished;
            // Weights that are out of range have ended the training before.
            given?;
            Ok(finished)
        }
    }
}

struct Samples {
    train: Batch<f32>,
    validation: Option<Batch<f32>>,
    test: Batch<f32>,
}

/// The network with initial weights that suit the samples, in the layers that want them.
fn begin_with(
    mut network: Network<f32>,
    measured: &[Option<(Option<f64>, Option<f64>)>],
    samples: &Batch<f32>,
    engine: &dyn Engine<f32>,
    seed: u64,
) -> Result<Network<f32>> {
    let layers = network.layers().len();
    for (index, wanted) in measured.iter().enumerate() {
        let Some((mean, std)) = *wanted else { continue };
        let mut before = Network::image(network.input_shape())?;
        for layer in &network.layers()[..=index] {
            before = before.layer(layer.clone())?;
        }
        let drive = drive_of_last_layer(&before, samples, engine)?;
        let Some(layer) = network.layers_mut()[index].spiking_mut() else {
            continue;
        };
        let most = layer.neuron().max_spikes as usize;
        let default = default_potential(most, index + 1 == layers);
        let potential = (mean.unwrap_or(default.0), std.unwrap_or(default.1));
        let initialiser = threshold_initialiser(layer.neuron().theta, drive, potential)?;
        let weights = initial_weights(&initialiser, seed, index, layer.weights().shape());
        layer.set_parameter(noctule_core::ParameterKind::Weights, weights)?;
    }
    Ok(network)
}

fn builder(
    engine: Arc<dyn Engine<f32>>,
    network: Network<f32>,
    samples: Samples,
    spec: &FitSpec<'_>,
    rule: Optimiser,
) -> Result<TrainerBuilder> {
    let last = network.indexed_weights().last();
    let last_size = last.map(|(_, weights)| root_mean_square(weights));
    let mut regularisation = spec.regularisation.regularisation();
    if spec.default_silent_boost
        && let (Some(last), Some(size)) = (regularisation.layers.last_mut(), last_size)
    {
        last.silent_boost = default_silent_boost(size);
    }
    let mut builder = Trainer::builder(engine)
        .network(network)
        .train(samples.train)
        .test(samples.test)
        .optimiser(rule)
        .schedule(schedule(&spec.schedule)?)
        .regularisation(regularisation)
        .weight_average(spec.weight_average)
        .epochs(spec.epochs)
        .batch_size(spec.batch_size)
        .seed(spec.seed);
    if let Some(validation) = samples.validation {
        builder = builder.validation(validation);
    }
    if let Some(name) = &spec.prediction {
        builder = builder.prediction(prediction(name)?);
    }
    Ok(builder)
}

fn schedule((kind, numbers): &(String, Vec<f64>)) -> Result<ScheduleConfig> {
    Ok(match (kind.as_str(), &numbers[..]) {
        ("constant", []) => ScheduleConfig::default(),
        ("step", &[every_epochs, factor, floor]) => ScheduleConfig::Step(StepSchedule {
            every_epochs: every_epochs as usize,
            factor,
            floor,
        }),
        ("cosine", &[floor, warmup_epochs]) => ScheduleConfig::Cosine(CosineSchedule {
            floor,
            warmup_epochs: warmup_epochs as usize,
        }),
        _ => return Err(Error::training(format!("there is no schedule `{kind}`"))),
    })
}

/// The trainer calls a function of Python. What it raises stops the training, and is raised there.
fn own_loss(
    builder: TrainerBuilder,
    function: Py<PyAny>,
    raised: &Arc<Mutex<Option<PyErr>>>,
    stop: &Arc<Stop>,
) -> TrainerBuilder {
    let (raised, stop) = (Arc::clone(raised), Arc::clone(stop));
    builder.own_loss(move |output, labels| {
        let outcome = Python::attach(|py| call_loss(function.bind(py), output, labels));
        outcome.unwrap_or_else(|error| {
            let mut raised = raised.lock().unwrap_or_else(PoisonError::into_inner);
            raised.get_or_insert(error.into());
            stop.now();
            OwnLoss {
                d_times: vec![0.0; output.spikes()],
                loss: 0.0,
                predictions: Vec::new(),
            }
        })
    })
}

fn call_loss(
    function: &Bound<'_, PyAny>,
    output: &SpikeBatch<f32>,
    labels: &[Label],
) -> Result<OwnLoss> {
    let arrays = to_arrays(function.py(), output.clone());
    let returned = function.call1((arrays, labels.to_vec()))?;
    let (loss, d_times, predictions): (f64, Bound<'_, PyAny>, Vec<i64>) = returned.extract()?;
    let d_times = values::<f32>(&d_times, "d_times of the loss")?;
    if d_times.len() != output.spikes() {
        return Err(Error::array(format!(
            "the loss must return one d_time for each of the {} output spikes, not {}",
            output.spikes(),
            d_times.len()
        )));
    }
    let predictions = predictions.iter().map(|&class| Label::try_from(class).ok());
    Ok(OwnLoss {
        d_times,
        loss,
        predictions: predictions.collect(),
    })
}

/// Gives the weights of a trainer, as they are evaluated, to the model.
fn give_weights(py: Python<'_>, trainer: &mut Trainer, model: &Model) -> Result<()> {
    py.detach(|| {
        let network = trainer.network()?;
        let weights = network.indexed_weights();
        let weights = weights.map(|(layer, weights)| (TensorName::weights(layer), weights.clone()));
        let weights = weights.collect();
        model.with_single(|model| model.set_weights(&weights))
    })
}
