//! `examples/overrides.toml`, entry by entry, and each of its settings by itself.

#![allow(dead_code, reason = "each test program uses its part of this")]

use std::path::Path;

use anyhow::Context;
use toml::{Table, Value};

/// An entry.
pub(crate) struct Entry {
    /// Whether its comment says that its like was run on a real node.
    pub(crate) run: bool,
    /// All that it says.
    pub(crate) table: Table,
}

/// The entries of the file.
pub(crate) fn entries() -> anyhow::Result<Vec<Entry>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/overrides.toml");
    let text = std::fs::read_to_string(file)?;
    // What stands before an entry is of the piece before it.
    let pieces: Vec<&str> = text.split("\n[[overrides]]\n").collect();
    let entries = pieces.iter().zip(pieces.iter().skip(1));
    entries
        .map(|(before, entry)| Entry::read(before, entry))
        .collect()
}

impl Entry {
    fn read(before: &str, text: &str) -> anyhow::Result<Self> {
        let comment = before.rsplit("\n\n").next().unwrap_or_default();
        Ok(Self {
            run: comment.starts_with("# Run. "),
            table: toml::from_str(text).with_context(|| text.to_owned())?,
        })
    }

    /// The images that it is for.
    pub(crate) fn images(&self) -> Vec<&str> {
        let images = self.table.get("images").and_then(Value::as_array);
        images
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// Each of its settings, as one would write it alone: an item of a list is one of its own.
    pub(crate) fn settings(&self) -> Vec<String> {
        self.each()
            .into_iter()
            .map(|(rule, key, item)| {
                let value = &self.table[&rule][&key];
                match item {
                    Some(item) => format!("{rule}.{key} = [{}]", value[item]),
                    None => format!("{rule}.{key} = {value}"),
                }
            })
            .collect()
    }

    /// The entry without its nth setting; nothing where it has no more settings then.
    pub(crate) fn without(&self, nth: usize) -> Option<Table> {
        let mut table = self.table.clone();
        let settings = self.each();
        let (rule, key, item) = settings.get(nth)?;
        let values = table.get_mut(rule)?.as_table_mut()?;
        match (item, values.get_mut(key)?) {
            (Some(item), Value::Array(items)) if items.len() > 1 => drop(items.remove(*item)),
            _ => drop(values.remove(key)),
        }
        (settings.len() > 1).then_some(table)
    }

    /// Rule, key and place in a list of each setting.
    fn each(&self) -> Vec<(String, String, Option<usize>)> {
        let rules = self
            .table
            .iter()
            .filter_map(|(rule, values)| Some((rule, values.as_table()?)));
        rules
            .flat_map(|(rule, values)| {
                values.iter().flat_map(move |(key, value)| {
                    let places: Vec<Option<usize>> = match value {
                        Value::Array(items) => (0..items.len()).map(Some).collect(),
                        _ => vec![None],
                    };
                    places
                        .into_iter()
                        .map(move |place| (rule.clone(), key.clone(), place))
                })
            })
            .collect()
    }
}
