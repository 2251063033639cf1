//! Batteries of tests, to be called with an engine from its own tests. Each panics with a message that says what is
//! wrong; [`all`] calls all that hold in any precision.
//!
//! Central differences need double precision: [`differences`] and [`individual::random_constants`] take an
//! `Engine<f64>`.

pub mod batches;
pub mod differences;
pub mod dropout;
pub mod errors;
pub mod events;
pub mod images;
pub mod individual;
pub mod long_samples;
pub mod losses;
pub mod optimisers;
pub mod passes;
pub mod ranks;
pub mod recorded;
pub mod reference;
pub mod regularisation;
pub mod sessions;
pub mod substrates;

use std::panic::{AssertUnwindSafe, catch_unwind};

use noctule_core::{Engine, Real};

/// A battery and its name.
pub type Battery<T> = (&'static str, fn(&dyn Engine<T>));

/// Runs a battery on an engine.
///
/// # Errors
/// What its panic said.
pub fn run<T: Real>(battery: Battery<T>, engine: &dyn Engine<T>) -> Result<(), String> {
    // The engine is shared, but each battery opens sessions of its own.
    catch_unwind(AssertUnwindSafe(|| (battery.1)(engine))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        text.unwrap_or("it panicked without a message").to_owned()
    })
}

/// The names of the batteries that an engine does not pass; each has printed its message by then.
pub fn failed<T: Real>(batteries: Vec<Battery<T>>, engine: &dyn Engine<T>) -> Vec<&'static str> {
    let failed = batteries
        .into_iter()
        .filter(|&battery| run(battery, engine).is_err());
    failed.map(|(name, _)| name).collect()
}

macro_rules! batteries {
    ($($module:ident::$name:ident),* $(,)?) => {
        vec![$((concat!(stringify!($module), "::", stringify!($name)), $module::$name)),*]
    };
}

/// All batteries that hold in any precision.
pub fn all<T: Real>() -> Vec<Battery<T>> {
    batteries![
        reference::exact_cases,
        reference::recorded_cases,
        reference::temporal_cases,
        events::inputs_at_one_instant_act_together,
        events::spikes_are_those_of_a_plain_scan,
        events::long_silences_are_crossed,
        events::no_spike_comes_after_t_max_or_beyond_max_spikes,
        events::silence_gives_no_gradient,
        long_samples::late_events_are_as_precise_as_early_ones,
        batches::a_batch_is_its_samples,
        batches::empty_samples_and_empty_batches,
        batches::a_used_session_is_as_good_as_a_new_one,
        batches::stored_samples_are_loaded_samples,
        batches::images_are_encoded,
        images::intensities_out_of_range,
        images::refused_samples_leave_the_batch_or_none,
        dropout::evaluation_sees_all_inputs,
        dropout::training_loses_whole_inputs,
        dropout::gradients_are_those_of_the_inputs_that_were_seen,
        dropout::parts_of_a_batch_lose_the_same_inputs,
        recorded::simulated_spikes_give_the_simulated_gradient,
        recorded::spikes_without_rise_pass_nothing_on,
        recorded::all_recorded_spikes_count,
        recorded::spikes_without_rise_are_exchanged,
        individual::equal_constants_change_nothing,
        individual::neurons_are_independent,
        losses::spike_count,
        losses::count_softmax,
        losses::first_spike,
        losses::spike_time,
        losses::predictions,
        losses::a_loss_of_the_callers_own,
        passes::a_refused_loss_is_not_counted,
        passes::a_batch_is_counted_once,
        passes::backward_needs_the_parameters_of_its_forward_pass,
        passes::backward_twice_adds_up,
        passes::labels_beyond_the_outputs_predict,
        regularisation::homeostasis,
        regularisation::silent_boost,
        regularisation::boost_of_silent_labels,
        regularisation::labels_beyond_the_outputs,
        regularisation::bound_on_the_inverse_slope,
        optimisers::first_steps,
        optimisers::clipping_by_norm,
        optimisers::running_mean,
        optimisers::a_saved_session_goes_on,
        sessions::tensors_are_read_and_written,
        sessions::gradients_add_up,
        sessions::weights_out_of_range_are_noticed,
        sessions::an_engine_describes_itself,
        substrates::passes_use_transformed_weights,
        substrates::steps_change_untransformed_weights,
        substrates::substrates_that_do_not_fit,
        ranks::parts_add_up_to_the_whole,
        ranks::exchanged_tensors_and_metrics,
        ranks::ranks_that_do_not_exist,
        ranks::every_backward_pass_has_its_silent_boost,
        errors::samples_that_do_not_fit,
        errors::calls_out_of_order,
        errors::lists_of_wrong_length,
        errors::tensors_that_do_not_fit,
        errors::recorded_spikes_that_do_not_fit,
        errors::recorded_pooling_on_another_neuron,
        errors::largest_norms_that_are_not_positive,
    ]
}

/// The batteries of central differences, which need double precision.
pub fn in_double_precision() -> Vec<Battery<f64>> {
    batteries![
        differences::dense,
        differences::soft_reset,
        differences::several_spikes_between_events,
        differences::at_max_spikes,
        differences::convolution,
        differences::convolutions_and_pooling,
        differences::several_samples,
        individual::random_constants,
    ]
}
