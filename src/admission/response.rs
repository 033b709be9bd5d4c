//! `admission.k8s.io/v1`, the half that we answer: by types of our own, since those of `kube` write the patch as a list
//! of numbers.

use crate::record::AuditAnnotations;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

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
        let mut json = String::with_capacity(1_024 + 2 * patch.len());
        json.push_str(
            r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"#,
        );
        quoted(&mut json, self.uid);
        json.push_str(r#","allowed":true"#);
        // Both or neither (J2).
        if self.patch.is_some() {
            json.push_str(r#","patchType":"JSONPatch","patch":""#);
            STANDARD.encode_string(patch, &mut json);
            json.push('"');
        }
        for (i, warning) in self.warnings.iter().enumerate() {
            json.push_str(if i == 0 { r#","warnings":["# } else { "," });
            quoted(&mut json, warning);
        }
        if !self.warnings.is_empty() {
            json.push(']');
        }
        for (i, (key, value)) in self.audit_annotations.iter().enumerate() {
            json.push_str(match i {
                0 => r#","auditAnnotations":{"#,
                _ => ",",
            });
            quoted(&mut json, key);
            json.push(':');
            quoted(&mut json, value);
        }
        if !self.audit_annotations.is_empty() {
            json.push('}');
        }
        json.push_str("}}");
        json.into_bytes()
    }
}

/// Appends a text as JSON.
fn quoted(json: &mut String, text: &str) {
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else {
        json.push_str(&serde_json::Value::from(text).to_string());
    }
}
