//! `admission.k8s.io/v1`, the half that we answer: by types of our own, since those of `kube` write the patch as a list
//! of numbers.

use base64::Engine;

use crate::json::{list, member, name, quoted};
use crate::record::AuditAnnotations;

/// base64 of the standard alphabet, by whole registers on the processors that the crate knows those of.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn base64() -> impl Engine {
    base64::engine::Simd::standard(base64::engine::general_purpose::PAD)
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn base64() -> impl Engine {
    base64::engine::general_purpose::STANDARD
}

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

    /// The AdmissionReview that holds this response. Written by hand: the patch is most of it, and base64 needs no escaping.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let patch = self.patch.unwrap_or_default();
        let mut json = String::with_capacity(2_048 + 2 * patch.len());
        json.push_str(
            r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"#,
        );
        member(&mut json, "uid", self.uid);
        json.push_str(r#","allowed":true"#);
        // Both or neither (J2).
        if self.patch.is_some() {
            json.push_str(r#","patchType":"JSONPatch","patch":""#);
            base64().encode_string(patch, &mut json);
            json.push('"');
        }
        if !self.warnings.is_empty() {
            name(&mut json, "warnings");
            list(&mut json, self.warnings, |json, warning| {
                quoted(json, warning);
            });
        }
        if !self.audit_annotations.is_empty() {
            json.push_str(r#","auditAnnotations":{"#);
            for (key, value) in &self.audit_annotations {
                member(&mut json, key, value);
            }
            json.push('}');
        }
        json.push_str("}}");
        json.into_bytes()
    }
}
