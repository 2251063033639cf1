//! The measurements, unit by unit.

use std::sync::Arc;

use noctule_core::{Network, Pass, Prediction, SessionOptions, Sgd};
use noctule_train::{Data, EpochRecord, experiment, run_on};

use super::convergence::convergence;
use super::dead::dead_neurons;
use super::noise::under_noise;
use super::outcome::{Measured, SideOutcome, SpikesOutcomes};
use super::plan::{Side, SpikesPlan};
use super::search::{SEARCH_SEED, search};
use super::work::{Trained, Work, further};
use crate::decision::DecisionTimes;
use crate::study::{StudyContext, StudyError, TrainedNetwork, UnitLog, trained_network};

/// Times within a sample at which the accuracy is taken.
const TIMES: usize = 200;
/// Test samples that are evaluated together.
const BATCH: u32 = 500;

/// All outcomes; `None` if the study was stopped.
pub(super) fn measure(
    context: &StudyContext<'_>,
    plan: &SpikesPlan,
    log: &UnitLog,
) -> Result<Option<SpikesOutcomes>, StudyError> {
    let mut work = Work::new(context, plan, log);
    let mut outcomes = SpikesOutcomes::default();
    for (index, pair) in plan.pairs.iter().enumerate() {
        for side in &pair.sides {
            if measure_side(&mut work, index, side, &mut outcomes)?.is_none() {
                return Ok(None);
            }
        }
    }
    let Some(found) = convergence(&mut work)? else {
        return Ok(None);
    };
    outcomes.convergence = found;
    outcomes.seconds = work.seconds();
    Ok(Some(outcomes))
}

/// Measures one side of a pair; `None` if the study was stopped.
fn measure_side(
    work: &mut Work<'_>,
    pair: usize,
    side: &Side,
    outcomes: &mut SpikesOutcomes,
) -> Result<Option<()>, StudyError> {
    let context = work.context;
    // The search has samples of its own, too, where these follow from the seed.
    let searched = side.config(&[format!("seed={SEARCH_SEED}")])?;
    let searched = Arc::new(Data::load(&searched, context.data_directory())?);
    let Some(chosen) = search(work, pair, side, &searched)? else {
        return Ok(None);
    };
    outcomes.chosen.push(chosen);
    for seed in 0..work.plan.seeds {
        let name = format!("{}-{pair}-{seed}", side.preset);
        work.show(&format!(
            "{}, {}: training, seed {seed}",
            work.plan.pairs[pair].name,
            side.name.words()
        ));
        let overrides = [&side.overrides[..], &further(side, &chosen, seed, 1.0)?].concat();
        let network = trained_network(context, &name, &side.preset, &overrides)?;
        let Some(network) = network else {
            return Ok(None);
        };
        work.finish(network.seconds());
        let unit = format!("seed {seed}, measurements");
        let measured = work.unit(pair, side, &unit, || measure_network(context, &network))?;
        let Some(measured) = measured else {
            return Ok(None);
        };
        outcomes.sides.push(SideOutcome {
            pair,
            side: side.name,
            seed,
            measured,
        });
        let trained = Trained {
            side,
            chosen: &chosen,
            seed,
            network,
        };
        let Some(noise) = under_noise(work, &trained)? else {
            return Ok(None);
        };
        outcomes.noise.extend(noise);
    }
    let data = Arc::new(Data::load(&side.config(&[])?, context.data_directory())?);
    let Some(dead) = dead_neurons(work, side, &chosen, &data)? else {
        return Ok(None);
    };
    outcomes.dead.extend(dead);
    Ok(Some(()))
}

/// Measures a trained network; `None` if the study was stopped.
fn measure_network(
    context: &StudyContext<'_>,
    trained: &TrainedNetwork,
) -> Result<Option<Measured>, StudyError> {
    let of_split = |split: &'static str| {
        let records = trained.history.iter();
        records.filter(move |record: &&EpochRecord| record.split == split)
    };
    let mut elapsed = 0.0;
    let seconds = of_split("train").map(|record| {
        elapsed += record.seconds;
        elapsed
    });
    let seconds = seconds.collect();
    let Some(decisions) = decisions(context, trained)? else {
        return Ok(None);
    };
    let test = trained.last("test");
    let per_neuron = test.map_or(Vec::new(), |record| record.spikes_per_neuron.clone());
    let neurons = trained.network.spiking_neurons();
    let encoder = trained.config.encoder.clone().unwrap_or_default();
    Ok(Some(Measured {
        validation: of_split("validation")
            .map(|record| record.accuracy)
            .collect(),
        seconds,
        accuracy: test.map_or(0.0, |record| record.accuracy),
        spikes: per_neuron
            .iter()
            .zip(&neurons)
            .map(|(spikes, &neurons)| spikes * neurons as f64)
            .sum(),
        neurons,
        spikes_per_neuron: per_neuron,
        dead: test.map_or(Vec::new(), |record| record.silent_fraction.clone()),
        times: decisions.times().to_vec(),
        accuracy_at: decisions.accuracy(),
        latency: [0.5, 0.9, 0.99].map(|fraction| decisions.time_to(fraction)),
        mean_final: decisions.mean_final(),
        input: [encoder.earliest, encoder.latest],
        tau_s: trained.config.neuron.tau_s,
    }))
}

/// How the decisions of a network on its test set develop; `None` if the study was stopped.
fn decisions(
    context: &StudyContext<'_>,
    trained: &TrainedNetwork,
) -> Result<Option<DecisionTimes>, StudyError> {
    let engine = &*context.engine;
    let config = &trained.config;
    let rule: Prediction = experiment::loss(config).prediction();
    let trainer_batch = trained.data.test.batch(experiment::encoding(config)?);
    let network: &Network<f32> = &trained.network;
    let t_max = config.neuron.t_max;
    let times = (1..=TIMES).map(|index| t_max * index as f64 / TIMES as f64);
    let mut decisions = DecisionTimes::new(times.collect());
    let options = SessionOptions {
        // Nothing is optimised: this one needs no memory.
        optimiser: Sgd::default().into(),
        ..SessionOptions::default()
    };
    run_on(engine, || {
        let mut session = engine.open(network, &options)?;
        let set = session.store(&trainer_batch)?;
        let samples: Vec<u32> = (0..trainer_batch.len() as u32).collect();
        for chunk in samples.chunks(BATCH as usize) {
            if context.is_stopped() {
                return Ok(None);
            }
            session.select(set, chunk)?;
            session.forward(Pass::default())?;
            let output = session.spikes(network.layers().len() - 1)?;
            let labels: Vec<_> = chunk
                .iter()
                .map(|&sample| trainer_batch.labels[sample as usize])
                .collect();
            decisions.add(&output, &labels, rule);
        }
        Ok(Some(decisions))
    })
}
