//! What types do not check: ranges, and values that must fit each other.

use noctule_core::LifParameters;
use noctule_data::augment::MOST_POINTS;
use noctule_data::{AugmentError, Augmentation};

use super::data::DataSet;
use super::layers::{InitConfig, LayerConfig, Population, ThresholdInit};
use super::resolved::Config;
use super::sections::{AugmentationConfig, EncoderConfig, LossConfig, NeuronConfig};
use crate::range::{
    OutOfRange, count, finite, fraction_below_one, not_negative, positive, require,
};

const MOST_NEURONS: usize = 10_000_000;
const LARGEST_WINDOW: usize = 1_000;
const MOST_SPIKES: usize = LifParameters::MOST_SPIKES as usize;
const LARGEST_BATCH: usize = 1_000_000;
const MOST_EPOCHS: usize = 1_000_000;
const MOST_THREADS: usize = 4096;

type Check = Result<(), OutOfRange>;

impl Config {
    /// Checks that every number is finite and in its range, and that the values fit each other. Whether the last layer
    /// has a neuron per class is left to the trainer, which knows the data.
    ///
    /// # Errors
    /// [`OutOfRange`] with the path of the first key that is refused.
    pub fn check(&self) -> Result<(), OutOfRange> {
        check_name(&self.name)?;
        self.data.check()?;
        if let Some(augmentation) = &self.augmentation {
            check_augmentation(augmentation, self.data.set)?;
        }
        if let Some(encoder) = &self.encoder {
            check_encoder(encoder, self.data.set)?;
        }
        check_time_constants("neuron", self.neuron)?;
        require(
            !self.layers.is_empty(),
            "layers",
            "empty",
            "a list of at least one layer",
        )?;
        for (index, layer) in self.layers.iter().enumerate() {
            check_layer(&format!("layers.{index}"), layer)?;
        }
        check_loss(&self.loss)?;
        let training = &self.training;
        count("training.epochs", training.epochs, MOST_EPOCHS)?;
        count("training.batch_size", training.batch_size, LARGEST_BATCH)?;
        if let Some(bound) = training.max_inverse_slope {
            positive("training.max_inverse_slope", bound)?;
        }
        fraction_below_one("training.weight_average", training.weight_average)?;
        let few = training.threads <= MOST_THREADS;
        let rule = format!("from 0 (all cores) to {MOST_THREADS}");
        require(few, "training.threads", training.threads, &rule)?;
        if let Some(sweep) = &self.sweep {
            sweep.check()?;
        }
        self.optimiser.check("optimiser")?;
        // A rate that is left out is known, and checked, when the network is.
        let learning_rate = self.optimiser.learning_rate().unwrap_or(f64::INFINITY);
        self.schedule
            .check("schedule", learning_rate, training.epochs)
    }
}

fn check_name(name: &str) -> Check {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    require(
        name.chars().all(is_plain) && name.starts_with(|first: char| first.is_ascii_alphanumeric()),
        "name",
        format!("`{name}`"),
        "made of letters, digits, `-`, `_` and `.`, and start with a letter or digit",
    )
}

fn check_augmentation(augmentation: &AugmentationConfig, set: DataSet) -> Check {
    Augmentation::from(augmentation)
        .check()
        .map_err(|error| match error {
            AugmentError::Amount {
                name, value, most, ..
            } => {
                let rule = format!("a number from 0 to {most}");
                OutOfRange::new(format!("augmentation.{name}"), value, rule)
            }
            AugmentError::Scale { scale } => {
                OutOfRange::new("augmentation.scale", scale, "at least 0 and less than 1")
            }
            AugmentError::Points { points } => {
                let rule = format!("from 2 to {MOST_POINTS}");
                OutOfRange::new("augmentation.elastic.points", points, rule)
            }
            other => OutOfRange::new("augmentation", other, "something that can be done"),
        })?;
    let rule = "left out: the samples of this set are no images";
    require(set.has_images(), "augmentation", "given", rule)
}

fn check_encoder(encoder: &EncoderConfig, set: DataSet) -> Check {
    let rule = "left out: events go into the first layer as they are";
    require(set != DataSet::Events, "encoder", "given", rule)?;
    not_negative("encoder.earliest", encoder.earliest)?;
    not_negative("encoder.latest", encoder.latest)?;
    let rule = format!("less than encoder.latest ({})", encoder.latest);
    require(
        encoder.earliest < encoder.latest,
        "encoder.earliest",
        encoder.earliest,
        &rule,
    )?;
    encoder
        .bias
        .map_or(Ok(()), |time| not_negative("encoder.bias", time))
}

fn check_time_constants(path: &str, neuron: NeuronConfig) -> Check {
    positive(&format!("{path}.tau_m"), neuron.tau_m)?;
    positive(&format!("{path}.tau_s"), neuron.tau_s)?;
    positive(&format!("{path}.t_max"), neuron.t_max)
}

fn check_layer(path: &str, layer: &LayerConfig) -> Check {
    let key = |name: &str| format!("{path}.{name}");
    match layer {
        LayerConfig::Dense(dense) => {
            count(&key("neurons"), dense.neurons, MOST_NEURONS)?;
            fraction_below_one(&key("dropout"), dense.dropout)?;
        }
        LayerConfig::Conv2d(conv) => {
            count(&key("filters"), conv.filters, MOST_NEURONS)?;
            count(&key("window"), conv.window, LARGEST_WINDOW)?;
            count(&key("stride"), conv.stride, LARGEST_WINDOW)?;
            let rule = format!("less than {} ({})", key("window"), conv.window);
            require(
                conv.padding < conv.window,
                &key("padding"),
                conv.padding,
                &rule,
            )?;
        }
        LayerConfig::SumPool2d(pool) => count(&key("size"), pool.size, LARGEST_WINDOW)?,
    }
    layer
        .population()
        .map_or(Ok(()), |population| check_population(path, population))
}

fn check_population(path: &str, population: Population<'_>) -> Check {
    let key = |name: &str| format!("{path}.{name}");
    positive(&key("theta"), population.theta)?;
    positive(&key("reset"), population.reset)?;
    count(&key("max_spikes"), population.max_spikes, MOST_SPIKES)?;
    let constants = NeuronConfig {
        tau_m: population.tau_m,
        tau_s: population.tau_s,
        t_max: population.t_max,
    };
    check_time_constants(path, constants)?;
    if let Some(boost) = population.silent_boost {
        not_negative(&key("silent_boost"), boost)?;
    }
    if let Some(init) = population.init {
        check_init(&key("init"), init)?;
    }
    if let Some(homeostasis) = population.homeostasis {
        not_negative(&key("homeostasis.target"), homeostasis.target)?;
        not_negative(&key("homeostasis.strength"), homeostasis.strength)?;
    }
    Ok(())
}

fn check_init(path: &str, init: &InitConfig) -> Check {
    match init {
        InitConfig::Uniform(uniform) => {
            let low = format!("{path}.low");
            finite(&low, uniform.low)?;
            finite(&format!("{path}.high"), uniform.high)?;
            let rule = format!("less than {path}.high ({})", uniform.high);
            require(
                (uniform.low as f32) < uniform.high as f32,
                &low,
                uniform.low,
                &rule,
            )
        }
        InitConfig::Normal(normal) => {
            finite(&format!("{path}.mean"), normal.mean)?;
            not_negative(&format!("{path}.std"), normal.std)
        }
        InitConfig::Threshold(ThresholdInit { mean, std }) => {
            mean.map_or(Ok(()), |mean| finite(&format!("{path}.mean"), mean))?;
            std.map_or(Ok(()), |std| not_negative(&format!("{path}.std"), std))
        }
    }
}

fn check_loss(loss: &LossConfig) -> Check {
    match loss {
        LossConfig::SpikeCount(counts) => {
            not_negative("loss.target_true", counts.target_true)?;
            not_negative("loss.target_false", counts.target_false)?;
            let rule = format!("greater than loss.target_false ({})", counts.target_false);
            let ordered = counts.target_true > counts.target_false;
            require(ordered, "loss.target_true", counts.target_true, &rule)
        }
        LossConfig::SpikeTime(times) => {
            not_negative("loss.target_true", times.target_true)?;
            not_negative("loss.target_false", times.target_false)?;
            let rule = format!(
                "less than loss.target_false ({}), that is, earlier",
                times.target_false
            );
            let ordered = times.target_true < times.target_false;
            require(ordered, "loss.target_true", times.target_true, &rule)
        }
        LossConfig::CountSoftmax(softmax) => positive("loss.temperature", softmax.temperature),
        LossConfig::FirstSpike(first) => {
            if let Some(temperature) = first.temperature {
                positive("loss.temperature", temperature)?;
            }
            not_negative("loss.early_pull", first.early_pull)?;
            match first.early_pull_time {
                Some(time) => positive("loss.early_pull_time", time),
                None => require(
                    first.early_pull == 0.0,
                    "loss.early_pull_time",
                    "missing",
                    "given, in seconds, when loss.early_pull is greater than 0",
                ),
            }
        }
    }
}
