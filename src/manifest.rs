//! Manifests: a YAML or JSON text, the objects in it, and the text with what the rules add.
//!
//! A text is read twice: for what it means to `kubectl`, and for where everything in it is. What is added goes between the bytes
//! that are there, and the edited text is read again: it must mean what the plan says, or it is given back to nobody.

mod defaults;
mod edit;
mod emit;
mod finding;
mod hardened;
mod ignore;
mod lines;
mod locate;
mod meaning;
mod object;
mod position;
mod style;
mod tree;
mod value;

use serde_json::Value;

pub use edit::{Refusal, Splice};
pub use finding::{Finding, Word};
pub use hardened::{By, Hardened, Judged};
pub use ignore::Ignore;
pub use object::Subject;
pub use position::{Position, Positions};

use tree::Tree;

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{}: {message}", at.line, at.column)]
pub struct Flaw {
    /// Where.
    pub at: Position,
    /// What.
    pub message: String,
}

/// A text that was read.
#[derive(Clone, Debug)]
pub struct Manifest<'t> {
    text: &'t str,
    places: Positions<'t>,
    documents: Vec<Document>,
}

/// One document of a text.
#[derive(Clone, Debug)]
struct Document {
    tree: Tree,
    value: Value,
}

impl<'t> Manifest<'t> {
    /// Reads a YAML or JSON text, as `kubectl` would.
    ///
    /// # Errors
    ///
    /// Where it is not YAML, the first place that is not.
    pub fn read(text: &'t str) -> Result<Self, Flaw> {
        let documents = value::read(text)?;
        let documents = documents
            .into_iter()
            .map(|(tree, value)| Document { tree, value });
        Ok(Self {
            text,
            places: Positions::new(text),
            documents: documents.collect(),
        })
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The places of its bytes.
    #[must_use]
    pub fn places(&self) -> &Positions<'t> {
        &self.places
    }

    /// The value of each document; `null` for an empty one.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.documents.iter().map(|document| &document.value)
    }

    /// The kind and the value of every object: those in lists one by one.
    pub fn objects(&self) -> impl Iterator<Item = (&str, &Value)> {
        let found = self.values().flat_map(object::objects);
        found.map(|found| (found.kind, found.value))
    }
}
