//! What a YAML text means to `kubectl`.

use serde_json::Value;
use serde_saphyr::{DuplicateKeyPolicy, options};

use super::tree::{self, Tree};
use super::{Flaw, Position};

/// The value of each document of `text`, with the places of its nodes; `null` for an empty one.
pub(super) fn read(text: &str) -> Result<Vec<(Tree, Value)>, Flaw> {
    let trees = tree::read(text)?;
    trees
        .into_iter()
        .map(|tree| {
            let value = value(text, &tree)?;
            Ok((tree, value))
        })
        .collect()
}

/// Octal numbers, the last of equal keys and merge keys are as `kubectl` has them.
fn value(text: &str, tree: &Tree) -> Result<Value, Flaw> {
    let document = text.get(tree.start..tree.end).unwrap_or_default();
    if tree
        .nodes()
        .next()
        .is_none_or(|root| root.start == root.end && !root.is_collection())
    {
        return Ok(Value::Null);
    }
    let options = options! {
        legacy_octal_numbers: true,
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(document, options).map_err(|error| {
        let location = error.location();
        let line = location.map_or(1, |at| usize::try_from(at.line()).unwrap_or(1));
        let column = location.map_or(1, |at| usize::try_from(at.column()).unwrap_or(1));
        let lines_before = text
            .get(..tree.start)
            .unwrap_or_default()
            .matches('\n')
            .count();
        Flaw {
            at: Position::new(text, lines_before + line, column),
            message: error.without_snippet().to_string(),
        }
    })
}
