//! `admission.k8s.io/v1`, the half that the API server sends: read in one pass, borrowed from the body.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::error::Category;

use super::Failure;
use super::needed::needed;
use crate::object::{Object, Text};

/// An AdmissionReview with its request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Review<'a> {
    #[serde(borrow, default)]
    api_version: Text<'a>,
    #[serde(borrow, default)]
    kind: Text<'a>,
    #[serde(borrow)]
    request: Option<Request<'a>>,
}

/// What is to be admitted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request<'a> {
    #[serde(borrow, default)]
    pub(super) uid: Text<'a>,
    #[serde(borrow, default)]
    pub(super) kind: GroupVersionKind<'a>,
    #[serde(borrow)]
    pub(super) sub_resource: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) namespace: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) operation: Text<'a>,
    #[serde(borrow)]
    pub(super) object: Option<Object<'a>>,
    #[serde(borrow)]
    old_object: Option<OldObject<'a>>,
    pub(super) dry_run: Option<bool>,
}

impl Request<'_> {
    /// The names of the ephemeral containers that are already there.
    pub(super) fn existing_ephemeral_containers(&self) -> &[Text<'_>] {
        let old = self.old_object.as_ref().and_then(|old| old.spec.as_ref());
        old.map(|spec| spec.ephemeral_containers.0.as_slice())
            .unwrap_or_default()
    }
}

/// The object's kind.
#[derive(Debug, Default, Deserialize)]
pub(super) struct GroupVersionKind<'a> {
    #[serde(borrow, default)]
    pub(super) group: Text<'a>,
    #[serde(borrow, default)]
    pub(super) kind: Text<'a>,
}

/// The object as it was: of which only the names of its ephemeral containers are wanted.
#[derive(Debug, Deserialize)]
struct OldObject<'a> {
    #[serde(borrow)]
    spec: Option<OldSpec<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldSpec<'a> {
    #[serde(borrow, default)]
    ephemeral_containers: Names<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(from = "Option<Vec<Named<'a>>>")]
struct Names<'a>(#[serde(borrow)] Vec<Text<'a>>);

#[derive(Debug, Deserialize)]
struct Named<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
}

impl<'a> From<Option<Vec<Named<'a>>>> for Names<'a> {
    fn from(named: Option<Vec<Named<'a>>>) -> Self {
        Self(named.into_iter().flatten().map(|one| one.name).collect())
    }
}

/// A body as text.
pub(super) struct Body<'b> {
    whole: &'b str,
    needed: Cow<'b, str>,
}

impl<'b> Body<'b> {
    /// The text of `bytes`.
    pub(super) fn new(bytes: &'b [u8]) -> Result<Self, Failure> {
        // One check of the whole body is cheaper than one of each string, and stricter.
        let whole =
            std::str::from_utf8(bytes).map_err(|error| Failure::NotUtf8(error.valid_up_to()))?;
        let needed = needed(whole);
        Ok(Self { whole, needed })
    }

    /// The request in it.
    pub(super) fn request(&self) -> Result<Request<'_>, Failure> {
        let review = match &self.needed {
            Cow::Borrowed(whole) => serde_json::from_str(whole),
            // Where something is wrong, the whole text says in which line and column.
            Cow::Owned(cut) => {
                serde_json::from_str(cut).or_else(|_| serde_json::from_str(self.whole))
            }
        };
        let review: Review<'_> = review.map_err(|error| unreadable(&error))?;
        match (review.kind.as_str(), review.api_version.as_str()) {
            ("AdmissionReview", "admission.k8s.io/v1") => {}
            ("AdmissionReview", version) if version.starts_with("admission.k8s.io/") => {
                return Err(Failure::Version);
            }
            _ => return Err(Failure::NotAReview),
        }
        let request = review.request.ok_or(Failure::NoRequest)?;
        if request.uid.is_empty() {
            return Err(Failure::NoRequest);
        }
        Ok(request)
    }
}

/// The error without its text, which may quote the object.
fn unreadable(error: &serde_json::Error) -> Failure {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Data => Failure::Unexpected { line, column },
        Category::Io | Category::Syntax | Category::Eof => Failure::NotJson { line, column },
    }
}
