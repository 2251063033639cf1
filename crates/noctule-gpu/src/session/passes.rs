//! Runs commands: each launches its kernels and returns.

use std::sync::Arc;

use cubecl::prelude::Runtime;
use noctule_core::{DroppedInputs, EngineError, Pass, PassWeights, Regularisation};

use crate::gpu::Buffer;
use crate::launch::arguments::At;
use crate::launch::backward::{self, Target, Terms};
use crate::launch::forward::{self, DropoutOf};
use crate::launch::loss::{self, LossCall, Observed};
use crate::launch::parameters::{self, StepLists, StepNumbers};
use crate::plan::{Stage, aligned};
use crate::session::command::Command;
use crate::session::input::DeviceInput;
use crate::session::state::{GpuSession, LastRun};
use crate::stage_lists::{InputLists, Lists};

/// Stands for no bound on the inverse slope.
const NO_BOUND: f32 = 1e30;

impl<R: Runtime> GpuSession<R> {
    /// Runs a command, and notes it in the journal.
    pub(super) fn enqueue(&mut self, command: Command) -> Result<(), EngineError> {
        self.execute(&command)?;
        self.journal.push(command);
        Ok(())
    }

    /// Runs a command.
    pub(super) fn execute(&mut self, command: &Command) -> Result<(), EngineError> {
        match command {
            Command::Forward { input, pass, batch } => {
                self.observe_last();
                self.launch_forward(input, *pass, *batch)
            }
            Command::Evaluate {
                options,
                numbers,
                verdicts_start,
            } => {
                self.launch_evaluate(*options, *numbers, *verdicts_start);
                Ok(())
            }
            Command::Backward {
                regularisation,
                weight,
            } => {
                self.launch_backward(regularisation, *weight);
                Ok(())
            }
            Command::Step { numbers, max_norm } => {
                self.observe_last();
                self.launch_step(numbers, *max_norm);
                self.gpu.flush()
            }
            Command::ClearGradient => {
                self.observe_last();
                parameters::clear_gradient(
                    &self.gpu,
                    &Target {
                        gradient: &self.parameters.gradient,
                        state: &self.device_state,
                        batch: self.run.batch,
                    },
                );
                Ok(())
            }
        }
    }

    /// Notes whether the last pass overflowed, if that is not known: what follows must not act on it.
    fn observe_last(&mut self) {
        if !self.is_observed {
            self.launch_observe(false);
        }
    }

    /// Makes room for a batch.
    pub(super) fn make_room(&mut self, input: &DeviceInput) -> Result<(), EngineError> {
        let alone = (input.samples, input.capacity);
        let mut wanted = alone;
        if let Some(lists) = &self.lists {
            let has_slots = lists
                .stages
                .iter()
                .zip(&self.capacities)
                .all(|(stage, &capacity)| stage.capacity >= capacity);
            let (samples, events) = (lists.samples, lists.first.capacity);
            if samples >= wanted.0 && events >= wanted.1 && has_slots {
                return Ok(());
            }
            wanted = (samples.max(wanted.0), events.max(wanted.1));
        }
        // The old lists go first: there may be no room for both.
        self.lists = None;
        let allocate = |(samples, events)| {
            Lists::allocate(&self.gpu, &self.plan, samples, events, &self.capacities)
        };
        // Many samples of one batch and long samples of another may be too much together.
        let lists = allocate(wanted).or_else(|_| allocate(alone));
        if lists.is_err() {
            // The last pass ends with its lists.
            self.run = LastRun {
                batch: self.run.batch,
                ..LastRun::default()
            };
            self.current = None;
            self.is_observed = true;
        }
        self.lists = Some(lists?);
        Ok(())
    }

    /// The weights of a stage in a pass.
    pub(super) fn weights_of(&self, stage: &Stage, is_average: bool) -> Buffer {
        let all = match (&self.parameters.average, is_average) {
            (Some(average), true) => average,
            _ => &self.parameters.weights,
        };
        all.part(
            stage.weights_start,
            aligned(stage.geometry.weights() as usize),
        )
    }

    /// The input of a stage.
    pub(super) fn input_of(&self, stage: usize, lists: &Lists, input: &DeviceInput) -> InputLists {
        match stage.checked_sub(1) {
            Some(before) => lists.stages[before].as_input(),
            None => InputLists {
                events: input.events.clone(),
                starts: input.starts.clone(),
                counts: input.counts.clone(),
                capacity: lists.first.capacity,
                coefficients: lists.first.coefficients.clone(),
                links: lists.first.links.clone(),
                lasts: lists.first.lasts.clone(),
                arrived: lists.first.arrived.clone(),
            },
        }
    }

    fn constants_of(&self, stage: &Stage, drops: bool) -> &Buffer {
        match self.constants.get(&(stage.layer, drops)) {
            Some(constants) => constants,
            None => &self.gpu.nothing,
        }
    }

    pub(super) fn at<'a>(&'a self, stage: &'a Stage, run: &LastRun, lists: &Lists) -> At<'a> {
        At {
            plan: &self.plan,
            stage,
            constants: self.constants_of(stage, run.drops),
            samples: run.samples,
            stride: lists.samples.div_ceil(32),
            drops: run.drops,
            has_shares: stage.has_shares() && !run.is_recorded,
        }
    }

    fn launch_forward(
        &mut self,
        input: &Arc<DeviceInput>,
        pass: Pass,
        batch: u32,
    ) -> Result<(), EngineError> {
        if input.samples > 0 {
            self.make_room(input)?;
        }
        self.run = LastRun {
            samples: input.samples,
            batch,
            drops: pass.dropout.is_some(),
            is_average: pass.weights == PassWeights::Average,
            input_gradients: pass.input_gradients,
            is_sorted: false,
            is_recorded: false,
            input: Some(input.clone()),
        };
        self.is_observed = false;
        if input.samples == 0 {
            return Ok(());
        }
        let lists = self.lists();
        forward::clear(&self.gpu, &lists.counters);
        let last = self.plan.stages.len() - 1;
        for (index, stage) in self.plan.stages.iter().enumerate() {
            let at = self.at(stage, &self.run, lists);
            let dropout = self.dropout_of(stage, pass, input.samples);
            forward::simulate(
                &self.gpu,
                at,
                &self.input_of(index, lists, input),
                &self.weights_of(stage, self.run.is_average),
                dropout.as_ref(),
                &lists.stages[index],
            );
            if index < last {
                forward::sort(&self.gpu, at, &lists.stages[index]);
            }
        }
        Ok(())
    }

    fn dropout_of(&self, stage: &Stage, pass: Pass, samples: usize) -> Option<DropoutOf> {
        if stage.dropout == 0.0 {
            return None;
        }
        let (share, seed) = (stage.dropout, pass.dropout?);
        let of_sample =
            |sample| DroppedInputs::new(share, seed, stage.layer, pass.first_sample + sample);
        let seeds = (0..samples).map(|sample| of_sample(sample).seed());
        let halves: Vec<u32> = seeds
            .flat_map(|seed| [seed as u32, (seed >> 32) as u32])
            .collect();
        Some(DropoutOf {
            seeds: self.gpu.upload(&halves),
            below: of_sample(0).below(),
        })
    }

    fn launch_evaluate(
        &mut self,
        options: crate::kernels::loss::LossOptions,
        numbers: [f32; 8],
        verdicts_start: usize,
    ) {
        self.launch_observe(true);
        let Some(input) = self.run.input.clone().filter(|input| input.samples > 0) else {
            return;
        };
        let lists = self.lists();
        let last = &lists.stages[lists.stages.len() - 1];
        loss::evaluate_loss(
            &self.gpu,
            input.samples,
            last,
            &LossCall {
                options,
                numbers,
                labels: &input.labels,
                totals: &lists.totals,
                totals_stride: lists.totals_stride,
                verdicts: &self.verdicts,
                verdicts_start,
            },
        );
    }

    /// Notes overflows, and who spiked if the batch counts.
    pub(super) fn launch_observe(&mut self, counts_spikes: bool) {
        self.is_observed = true;
        if self.run.samples == 0 {
            return;
        }
        let lists = self.lists();
        let observed = Observed {
            totals: &lists.totals,
            totals_stride: lists.totals_stride,
            capacities: &lists.capacities,
            spiked: &lists.spiked,
            words_of: &self.words_of,
            samples: self.run.samples,
            stride: lists.samples.div_ceil(32),
            stages: self.plan.stages.len(),
            neurons: self.plan.stages.iter().map(Stage::neurons).sum(),
            batch: self.run.batch,
            state: &self.device_state,
            has_spiked: &self.has_spiked,
        };
        loss::observe(&self.gpu, &observed);
        if counts_spikes {
            loss::note_spiked(&self.gpu, &observed);
        }
    }

    fn launch_backward(&mut self, regularisation: &Regularisation, weight: f64) {
        let Some(input) = self.run.input.clone().filter(|input| input.samples > 0) else {
            return;
        };
        let lists = self.lists();
        let last = self.plan.stages.len() - 1;
        let samples = input.samples as f64;
        let bound = regularisation.max_inverse_slope;
        for (index, stage) in self.plan.stages.iter().enumerate().rev() {
            let at = self.at(stage, &self.run, lists);
            let own = &lists.stages[index];
            let of_layer = regularisation.layer(stage.layer);
            let homeostasis = of_layer.homeostasis.map(|homeostasis| {
                let strength = homeostasis.strength * weight / samples;
                (strength as f32, homeostasis.target as f32)
            });
            let boost = of_layer.silent_boost * weight;
            let has_labels = !input.host_labels.is_empty() && index == last && boost > 0.0;
            let terms = Terms {
                weight: if index == last { weight as f32 } else { 1.0 },
                max_inverse_slope: bound.map_or(NO_BOUND, |bound| bound as f32),
                homeostasis,
                label_boost: has_labels.then(|| (&input.labels, (boost / samples) as f32)),
            };
            backward::follow(&self.gpu, at, own, &terms);
            let arriving = self.input_of(index, lists, &input);
            let weights_range = aligned(stage.geometry.weights() as usize);
            let target = Target {
                gradient: &self
                    .parameters
                    .gradient
                    .part(stage.weights_start, weights_range),
                state: &self.device_state,
                batch: self.run.batch,
            };
            // Ranks first combine who spiked.
            let boost = if self.shard.1 == 1 { boost as f32 } else { 0.0 };
            let errors = match index.checked_sub(1) {
                Some(before) => Some(&lists.stages[before].errors),
                None => self.run.input_gradients.then_some(&lists.first.errors),
            };
            let weights = self.weights_of(stage, self.run.is_average);
            if at.has_shares {
                backward::add_shares(
                    &self.gpu, at, &arriving, &weights, own, errors, boost, &target,
                );
                continue;
            }
            backward::add_weight_gradient(&self.gpu, at, &arriving, own, boost, &target);
            if let Some(errors) = errors {
                backward::find_time_gradient(&self.gpu, at, &arriving, &weights, own, errors);
            }
        }
    }

    fn launch_step(&self, numbers: &StepNumbers, max_norm: Option<f32>) {
        let all = &self.parameters;
        if let Some(max_norm) = max_norm {
            let clip = Some((max_norm, &self.scale));
            parameters::sum_squares(&self.gpu, &all.gradient, &self.squares, clip);
        }
        let nothing = &self.gpu.nothing;
        let lists = StepLists {
            gradient: &all.gradient,
            weights: &all.weights,
            first: all.state.first().unwrap_or(nothing),
            second: all.state.get(1).unwrap_or(nothing),
            average: all.average.as_ref(),
            scale: max_norm.map(|_| &self.scale),
            state: &self.device_state,
        };
        let batch = self.run.batch;
        let (rank, ranks) = self.shard;
        if ranks == 1 {
            parameters::step(&self.gpu, &lists, numbers, 0..self.plan.parameters, batch);
            return;
        }
        for stage in &self.plan.stages {
            let own = noctule_core::shard(stage.geometry.weights() as usize, rank, ranks);
            let start = stage.weights_start;
            let range = start + own.start..start + own.end;
            if !range.is_empty() {
                parameters::step(&self.gpu, &lists, numbers, range, batch);
            }
        }
        let target = Target {
            gradient: &all.gradient,
            state: &self.device_state,
            batch,
        };
        parameters::clear_gradient(&self.gpu, &target);
    }
}
