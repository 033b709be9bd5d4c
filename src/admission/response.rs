//! `admission.k8s.io/v1`, the half that we answer: by types of our own, since those of `kube` write the patch as a list
//! of numbers.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};

use crate::record::AuditAnnotations;

/// A response that allows the request. There is no other: this is a defaulter, not a guard.
#[derive(Debug)]
pub(super) struct Response<'a> {
    pub(super) uid: &'a str,
    pub(super) patch: Option<&'a str>,
    pub(super) warnings: &'a [String],
    pub(super) audit_annotations: AuditAnnotations<'a>,
}

impl<'a> Response<'a> {
    /// Allows the request `uid` as it is.
    pub(super) fn allow(uid: &'a str) -> Self {
        Self {
            uid,
            patch: None,
            warnings: &[],
            audit_annotations: Vec::new(),
        }
    }

    /// The AdmissionReview that holds this response.
    #[expect(
        clippy::expect_used,
        reason = "strings and maps of strings always have a JSON form"
    )]
    pub(super) fn to_json(&self) -> Vec<u8> {
        let review = Review {
            api_version: "admission.k8s.io/v1",
            kind: "AdmissionReview",
            response: Body {
                uid: self.uid,
                allowed: true,
                // Both or neither (J2).
                patch_type: self.patch.map(|_| "JSONPatch"),
                patch: self.patch.map(|patch| STANDARD.encode(patch)),
                warnings: self.warnings,
                audit_annotations: &self.audit_annotations,
            },
        };
        serde_json::to_vec(&review).expect("a response has a JSON form")
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Review<'a> {
    api_version: &'static str,
    kind: &'static str,
    response: Body<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "as_map")]
    audit_annotations: &'a [(Cow<'static, str>, &'a str)],
}

/// Pairs of a key and a value as the map that they are.
fn as_map<S: Serializer>(
    pairs: &&[(Cow<'static, str>, &str)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
}
