//! The axes of `[sweep]`: a key and its values.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};
use toml::Value;

use crate::range::{OutOfRange, finite, positive, require};

/// Whole numbers below this may be counts.
const LARGEST_COUNT: f64 = 1e15;
/// The most values of an axis.
const MOST_VALUES: usize = 100;

type Check = Result<(), OutOfRange>;

/// One axis of [`SweepConfig`](super::SweepConfig): a key, and its values in one of three ways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AxisConfig {
    /// Path of the key that varies, as `--set` takes it.
    pub key: String,
    /// First value; with `to` and `step`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<f64>,
    /// Upper bound of the values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<f64>,
    /// From one value to the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
    /// The values one by one: whatever the key takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<AxisValue>>,
    /// Values in equal ratios.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogAxis>,
}

/// Values in equal ratios.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogAxis {
    /// First value, greater than 0.
    pub from: f64,
    /// Last value.
    pub to: f64,
    /// How many values, at least 2.
    pub points: usize,
}

/// A value of an axis: a number, or whatever else the key takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AxisValue(Value);

impl AxisConfig {
    /// The values in their order: those that are listed, or those in equal ratios, or `from`, `from + step` and so on up to
    /// `to`. Empty if none of the three is given.
    pub fn values(&self) -> Vec<AxisValue> {
        if let Some(values) = &self.values {
            return values.clone();
        }
        let numbers = match (&self.log, self.from, self.to, self.step) {
            (Some(log), ..) => log.values(),
            (None, Some(from), Some(to), Some(step)) => steps(from, to, step),
            _ => Vec::new(),
        };
        numbers.into_iter().map(AxisValue::from).collect()
    }

    /// Checks everything but whether the values are valid for the key; `path` is that of the axis.
    pub(super) fn check(&self, path: &str) -> Check {
        let key = |name: &str| format!("{path}.{name}");
        let of_runs = ["name", "description", "training.threads"].contains(&self.key.as_str());
        let of_sweep = self.key == "sweep" || self.key.starts_with("sweep.");
        let (changes, rule) = (!of_runs && !of_sweep, "a key that changes the runs");
        require(changes, &key("key"), format!("`{}`", self.key), rule)?;
        let table = self.key.strip_suffix(".kind").unwrap_or_default();
        let rule = format!(
            "another key: kinds differ in their keys, so vary the whole table `{table}`, with values such as {{ kind = ..., ... }}"
        );
        require(
            table.is_empty(),
            &key("key"),
            format!("`{}`", self.key),
            &rule,
        )?;
        self.check_ways(path)?;
        if let Some(values) = &self.values {
            return check_list(&key("values"), values);
        }
        if let Some(log) = &self.log {
            return log.check(&key("log"));
        }
        let [from, to, step] =
            [self.from, self.to, self.step].map(|value| value.unwrap_or(f64::NAN));
        finite(&key("from"), from)?;
        finite(&key("to"), to)?;
        positive(&key("step"), step)?;
        let rule = format!("at most {} ({to})", key("to"));
        require(from <= to, &key("from"), from, &rule)?;
        let few = (to - from) / step < MOST_VALUES as f64;
        let rule = format!("so large that there are at most {MOST_VALUES} values");
        require(few, &key("step"), step, &rule)
    }

    /// The values must be given in exactly one way.
    fn check_ways(&self, path: &str) -> Check {
        let stepped = [("from", self.from), ("to", self.to), ("step", self.step)];
        let given = |value: &Option<f64>| value.is_some();
        let any_step = stepped.iter().any(|(_, value)| given(value));
        let ways = [
            (self.values.is_some(), "values"),
            (self.log.is_some(), "log"),
            (any_step, "from, to and step"),
        ];
        let ways: Vec<&str> = ways.iter().filter(|way| way.0).map(|way| way.1).collect();
        let rule = "given its values in one way: `from`, `to` and `step`, or `values`, or `log`";
        let found = match ways.is_empty() {
            true => "without values".to_owned(),
            false => format!("given {}", ways.join(" and ")),
        };
        require(ways.len() == 1, path, found, rule)?;
        match stepped.iter().find(|(_, value)| any_step && !given(value)) {
            Some((missing, _)) => {
                let rule = "given, as `from`, `to` and `step` belong together";
                require(false, &format!("{path}.{missing}"), "missing", rule)
            }
            None => Ok(()),
        }
    }
}

fn check_list(path: &str, values: &[AxisValue]) -> Check {
    let length = values.len();
    let rule = format!("a list of 1 to {MOST_VALUES} values");
    let found = match length {
        0 => "empty".to_owned(),
        _ => format!("a list of {length} values"),
    };
    require((1..=MOST_VALUES).contains(&length), path, found, &rule)?;
    for (index, value) in values.iter().enumerate() {
        if let Some(number) = value.number() {
            finite(&format!("{path}.{index}"), number)?;
        }
        let is_new = !values[..index].iter().any(|earlier| earlier.is_same(value));
        let rule = "different from those before it";
        require(is_new, &format!("{path}.{index}"), value, rule)?;
    }
    Ok(())
}

impl LogAxis {
    fn values(&self) -> Vec<f64> {
        let last = self.points.saturating_sub(1);
        let value = |point: usize| match point {
            0 => self.from,
            _ if point == last => self.to,
            _ => {
                let share = point as f64 / last as f64;
                twelve_digits(self.from * (self.to / self.from).powf(share))
            }
        };
        (0..self.points).map(value).collect()
    }

    fn check(&self, path: &str) -> Check {
        let key = |name: &str| format!("{path}.{name}");
        positive(&key("from"), self.from)?;
        positive(&key("to"), self.to)?;
        let rule = format!("less than {} ({})", key("to"), self.to);
        require(self.from < self.to, &key("from"), self.from, &rule)?;
        let rule = format!("from 2 to {MOST_VALUES}");
        let some = (2..=MOST_VALUES).contains(&self.points);
        require(some, &key("points"), self.points, &rule)
    }
}

fn steps(from: f64, to: f64, step: f64) -> Vec<f64> {
    // With some tolerance, so that a grid that ends at `to` does.
    let steps = ((to - from) / step + 1e-9).floor() as usize;
    let value = |number: usize| twelve_digits(from + step * number as f64);
    (0..=steps).map(value).collect()
}

/// A number without the digits in which sums like 0.1 + 2 * 0.1 are off.
fn twelve_digits(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

impl AxisValue {
    /// The value as a number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self.0 {
            Value::Float(number) => Some(number),
            Value::Integer(number) => Some(number as f64),
            _ => None,
        }
    }

    /// As an override, such as `layers.0.theta=0.3`.
    pub fn as_override(&self, key: &str) -> String {
        match self.0 {
            // Without a decimal point where the value is whole, so that it may be a count.
            Value::Float(number) if number.fract() == 0.0 && number.abs() < LARGEST_COUNT => {
                format!("{key}={number}")
            }
            Value::Float(number) => format!("{key}={number:?}"),
            _ => format!("{key}={}", self.0),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self.number(), other.number()) {
            (Some(number), Some(other)) => number == other,
            _ => self == other,
        }
    }
}

impl From<f64> for AxisValue {
    fn from(number: f64) -> Self {
        Self(Value::Float(number))
    }
}

impl From<&str> for AxisValue {
    fn from(text: &str) -> Self {
        Self(Value::String(text.to_owned()))
    }
}

/// Short, for people: of a table the `kind`, if it has one.
impl Display for AxisValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Value::String(text) => f.write_str(text),
            Value::Float(number) => f.write_str(format!("{number:?}").trim_end_matches(".0")),
            Value::Table(table) => match table.get("kind").and_then(Value::as_str) {
                Some(kind) => f.write_str(kind),
                None => write!(f, "{}", self.0),
            },
            other => write!(f, "{other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(text: &str) -> AxisConfig {
        toml::from_str(&format!("key = 'layers.0.theta'\n{text}")).unwrap()
    }

    fn numbers(text: &str) -> Vec<f64> {
        let values = axis(text).values();
        values.iter().filter_map(AxisValue::number).collect()
    }

    #[test]
    fn values_are_stepped_listed_or_in_equal_ratios() {
        assert_eq!(
            numbers("from = 0.0\nto = 0.5\nstep = 0.1"),
            [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
        );
        assert_eq!(numbers("from = 1.0\nto = 1.0\nstep = 1.0"), [1.0]);
        assert_eq!(numbers("values = [3, 0.5]"), [3.0, 0.5]);
        assert_eq!(
            numbers("log = { from = 1e-4, to = 1e-1, points = 4 }"),
            [1e-4, 1e-3, 1e-2, 1e-1]
        );
        assert_eq!(numbers("log = { from = 1, to = 4, points = 5 }")[2], 2.0);
    }

    #[test]
    fn overrides_keep_the_type() {
        let values = axis(
            "values = [3, 0.5, 2.0, 1e38, 1e-7, 'sgd', '0.1', true, { kind = 'adam', betas = [0.9, 0.99] }]",
        );
        let overrides: Vec<String> = values.values().iter().map(|v| v.as_override("k")).collect();
        assert_eq!(
            overrides,
            [
                "k=3",
                "k=0.5",
                "k=2",
                "k=1e38",
                "k=1e-7",
                "k=\"sgd\"",
                "k=\"0.1\"",
                "k=true",
                "k={ betas = [0.9, 0.99], kind = \"adam\" }",
            ]
        );
        let shown: Vec<String> = values.values().iter().map(AxisValue::to_string).collect();
        assert_eq!(
            shown,
            [
                "3", "0.5", "2", "1e38", "1e-7", "sgd", "0.1", "true", "adam"
            ]
        );
    }

    #[test]
    fn what_cannot_be_says_the_key_and_the_rule() {
        for (text, path, rule) in [
            ("", "sweep.x", "one way"),
            ("values = []", "sweep.x.values", "1 to 100 values"),
            ("values = [1.0, 2, 1]", "sweep.x.values.2", "different"),
            ("values = [1, inf]", "sweep.x.values.1", "finite"),
            ("values = ['a', 'a']", "sweep.x.values.1", "different"),
            ("values = [1]\nstep = 1.0", "sweep.x", "one way"),
            ("from = 0.0\nto = 1.0", "sweep.x.step", "belong together"),
            (
                "from = 1.0\nto = 0.0\nstep = 0.1",
                "sweep.x.from",
                "at most sweep.x.to",
            ),
            (
                "from = 0.0\nto = 1.0\nstep = 0.001",
                "sweep.x.step",
                "at most 100 values",
            ),
            (
                "from = 0.0\nto = 1.0\nstep = 0.0",
                "sweep.x.step",
                "greater than 0",
            ),
            (
                "log = { from = 0, to = 1, points = 3 }",
                "sweep.x.log.from",
                "greater than 0",
            ),
            (
                "log = { from = -1, to = 1, points = 3 }",
                "sweep.x.log.from",
                "greater than 0",
            ),
            (
                "log = { from = 2, to = 1, points = 3 }",
                "sweep.x.log.from",
                "less than",
            ),
            (
                "log = { from = 1, to = 2, points = 1 }",
                "sweep.x.log.points",
                "from 2 to 100",
            ),
        ] {
            let error = axis(text).check("sweep.x").unwrap_err();
            assert_eq!(error.path, path, "{text}: {error}");
            assert!(error.rule.contains(rule), "{text}: {error}");
        }
        for (key, rule) in [
            ("name", "changes the runs"),
            ("sweep.repeats", "changes the runs"),
            ("training.threads", "changes the runs"),
            ("optimiser.kind", "the whole table `optimiser`"),
        ] {
            let mut axis = axis("values = [1]");
            axis.key = key.to_owned();
            let error = axis.check("sweep.x").unwrap_err();
            assert!(
                error.path == "sweep.x.key" && error.rule.contains(rule),
                "{error}"
            );
        }
    }
}
