//! Whether an experiment is the one that a run was begun with.

use std::fmt::{self, Display, Formatter};

use toml::{Table, Value};

use super::error::ConfigError;
use super::resolved::Config;
use super::table::ConfigTable;

/// Keys that decide nothing of the run so far: `training.epochs` and `training.threads` may change when it is resumed,
/// `[sweep]` is not looked at, and of data files it is the contents that matter.
const FREE: [&str; 7] = [
    "name",
    "description",
    "sweep",
    "data.train",
    "data.test",
    "training.epochs",
    "training.threads",
];

/// A key whose value is another one than when the run was begun.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangedKey {
    /// Path of the key, as `--set` takes it.
    pub key: String,
    /// What it was; `None` if it was not there.
    pub before: Option<Value>,
    /// What it is; `None` if it is not there.
    pub now: Option<Value>,
}

impl Display for ChangedKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let value = |value: &Option<Value>| {
            let nothing = || "missing".to_owned();
            value.as_ref().map_or_else(nothing, Value::to_string)
        };
        let (before, now) = (value(&self.before), value(&self.now));
        write!(f, "`{}` was {before} and is now {now}", self.key)
    }
}

/// How many changed keys a message names.
const NAMED_CHANGES: usize = 5;

/// The changed keys in a sentence, unless they are very many.
pub fn list_changes(changes: &[ChangedKey]) -> String {
    let named = changes.iter().take(NAMED_CHANGES);
    let mut text: Vec<String> = named.map(ToString::to_string).collect();
    let more = changes.len().saturating_sub(NAMED_CHANGES);
    if more > 0 {
        text.push(format!("and {more} more"));
    }
    text.join("; ")
}

impl Config {
    /// The experiment as TOML, without the keys that decide nothing of a run so far: the number of epochs is not in it.
    ///
    /// # Errors
    /// [`ConfigError::Unwritable`] if a value has no TOML form; those that [`Config::check`] accepts all have one.
    pub fn deciding_toml(&self) -> Result<String, ConfigError> {
        let mut table = self.table()?;
        for key in FREE {
            remove(&mut table, key);
        }
        toml::to_string(&table).map_err(|error| ConfigError::Unwritable(error.to_string()))
    }

    /// The keys that differ from an experiment that [`Config::deciding_toml`] wrote, perhaps in an earlier version, which
    /// did not have all of today's keys.
    pub(crate) fn changes_since(&self, deciding: &str) -> Result<Vec<ChangedKey>, ConfigError> {
        let mut before: Table = deciding
            .parse()
            .map_err(|error: toml::de::Error| ConfigError::Unwritable(error.to_string()))?;
        let now = self.table()?;
        for key in FREE {
            if let Some(value) = get(&now, key) {
                insert(&mut before, key, value.clone());
            }
        }
        // Fills in what that version did not have; what today's cannot read is compared as it is.
        let text = before.to_string();
        let resolved = ConfigTable::from_toml_str(&text, "the checkpoint")?.resolve();
        let before = resolved.and_then(|config| config.table()).unwrap_or(before);
        let mut changes = Vec::new();
        compare("", Some(&before.into()), Some(&now.into()), &mut changes);
        changes.retain(|change| !is_free(&change.key));
        Ok(changes)
    }

    /// As [`Config::to_toml`], before it becomes text.
    fn table(&self) -> Result<Table, ConfigError> {
        let unwritable = |error: toml::de::Error| ConfigError::Unwritable(error.to_string());
        self.to_toml()?.parse().map_err(unwritable)
    }
}

fn is_free(key: &str) -> bool {
    let is_within = |free: &str| {
        key.strip_prefix(free)
            .is_some_and(|rest| rest.starts_with('.'))
    };
    FREE.iter().any(|&free| key == free || is_within(free))
}

/// The table and the last name of a path of at most two names.
fn place<'a, 'k>(table: &'a mut Table, key: &'k str) -> Option<(&'a mut Table, &'k str)> {
    match key.split_once('.') {
        None => Some((table, key)),
        Some((outer, inner)) => Some((table.get_mut(outer)?.as_table_mut()?, inner)),
    }
}

fn remove(table: &mut Table, key: &str) {
    if let Some((table, key)) = place(table, key) {
        table.remove(key);
    }
}

fn insert(table: &mut Table, key: &str, value: Value) {
    if let Some((table, key)) = place(table, key) {
        table.insert(key.to_owned(), value);
    }
}

fn get<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        None => table.get(key),
        Some((outer, inner)) => table.get(outer)?.get(inner),
    }
}

/// Adds the keys at and below `key` whose values differ.
fn compare(key: &str, before: Option<&Value>, now: Option<&Value>, changes: &mut Vec<ChangedKey>) {
    if before == now {
        return;
    }
    let within = |name: &str| match key {
        "" => name.to_owned(),
        _ => format!("{key}.{name}"),
    };
    match (before, now) {
        (Some(Value::Table(before)), Some(Value::Table(now))) => {
            let added = now.keys().filter(|name| !before.contains_key(*name));
            for name in before.keys().chain(added) {
                compare(&within(name), before.get(name), now.get(name), changes);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(now))) => {
            for index in 0..before.len().max(now.len()) {
                let (before, now) = (before.get(index), now.get(index));
                compare(&within(&index.to_string()), before, now, changes);
            }
        }
        _ => changes.push(ChangedKey {
            key: key.to_owned(),
            before: before.cloned(),
            now: now.cloned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preset(overrides: &[&str]) -> Config {
        let mut table = ConfigTable::preset("yinyang").unwrap();
        let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
        table.apply_overrides(&overrides).unwrap();
        table.resolve().unwrap()
    }

    fn changes(overrides: &[&str]) -> Vec<String> {
        let deciding = preset(&[]).deciding_toml().unwrap();
        let changes = preset(overrides).changes_since(&deciding).unwrap();
        changes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_preset_is_what_it_was() {
        for name in Config::preset_names() {
            let config = Config::preset(name).unwrap();
            let deciding = config.deciding_toml().unwrap();
            assert_eq!(config.changes_since(&deciding).unwrap(), [], "{name}");
        }
    }

    #[test]
    fn what_decides_nothing_may_change() {
        let free = [
            "name=other",
            "description=text",
            "training.epochs=7",
            "training.threads=3",
        ];
        assert!(changes(&free).is_empty());
    }

    #[test]
    fn changed_keys_are_named_with_both_values() {
        assert_eq!(changes(&["seed=5"]), ["`seed` was 0 and is now 5"]);
        let changed = changes(&["layers.1.theta=0.5", "neuron.tau_m=0.5"]).join("; ");
        for part in [
            "`layers.1.theta` was ",
            " and is now 0.5",
            "`neuron.tau_m` was 0.02",
        ] {
            assert!(changed.contains(part), "{changed}");
        }
        let clipped = changes(&["training.max_inverse_slope=0.125"]);
        assert!(clipped[0].ends_with(" and is now 0.125"), "{clipped:?}");
    }

    #[test]
    fn a_key_that_an_earlier_version_did_not_have_is_no_change() {
        let mut before: Table = preset(&[]).deciding_toml().unwrap().parse().unwrap();
        remove(&mut before, "training.weight_average");
        let changes = preset(&[]).changes_since(&before.to_string()).unwrap();
        assert_eq!(changes, []);
    }

    #[test]
    fn what_this_version_cannot_read_is_compared_as_it_is() {
        let mut before: Table = preset(&[]).deciding_toml().unwrap().parse().unwrap();
        before.insert("future".to_owned(), true.into());
        let changes = preset(&[]).changes_since(&before.to_string()).unwrap();
        let message = "`future` was true and is now missing";
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].to_string(), message);
    }
}
