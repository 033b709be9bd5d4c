//! YAML with the meaning that `kubectl` gives it.

#![allow(dead_code, reason = "each test program uses its part of this")]

use serde_json::Value;

/// The documents of a YAML or JSON text; empty ones are left out.
///
/// # Errors
///
/// The parser's own words.
pub(crate) fn documents(text: &str) -> Result<Vec<Value>, String> {
    let options = serde_saphyr::options! {
        legacy_octal_numbers: true,
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
    };
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| error.to_string())?;
    Ok(documents
        .into_iter()
        .filter(|document| !document.is_null())
        .collect())
}

/// The text of a file; its name in the error.
///
/// # Errors
///
/// When the file cannot be read as UTF-8.
pub(crate) fn read(path: &std::path::Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
