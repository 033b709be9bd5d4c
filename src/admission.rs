//! Review bytes in, reply bytes out: synchronous and pure.

mod needed;
mod request;
mod response;

use crate::config::{Effective, Profile, Settings};
use crate::object::{Metadata, Template, Text};
use crate::plan::{Facts, Plan, Scope};
use crate::record::{self, Annotation, Record, Said, Summary, cleaned, warnings};
use crate::rule::Field;
use request::{Body, Request};
use response::Response;

/// What a path of the webhook asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Patch new pods, and ephemeral containers that are added.
    Harden,
    /// Patch nothing; report what the profile would set.
    Audit,
    /// Patch nothing; warn where a person is needed: an unsafe choice, a step back.
    Preview,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Harden, Self::Audit, Self::Preview];

    /// The mode that the first part of a path names.
    #[must_use]
    pub fn from_path_segment(segment: &str) -> Option<Self> {
        match segment {
            "harden" => Some(Self::Harden),
            "audit" => Some(Self::Audit),
            "preview" => Some(Self::Preview),
            _ => None,
        }
    }

    /// The mode's name, as it is in paths, labels and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Harden => "harden",
            Self::Audit => "audit",
            Self::Preview => "preview",
        }
    }
}

/// The reply to a review.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The AdmissionReview with the response, as JSON.
    pub body: Vec<u8>,
    /// What to log and count.
    pub record: Record,
}

/// Why a review cannot be answered. The caller makes it an HTTP 500, so that the registered `failurePolicy` decides and
/// the API server shows the text (C10).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The path names no profile of the configuration.
    #[error(
        "there is no profile `{name}` in the configuration: it has {known}; correct the webhook's path"
    )]
    UnknownProfile {
        /// The name, cleaned.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// The body is not UTF-8.
    #[error("the body is not UTF-8 from byte {0} on; send an AdmissionReview as JSON")]
    NotUtf8(usize),
    /// The body is not one JSON document.
    #[error(
        "the body is not one whole JSON document: see line {line}, column {column}; send an AdmissionReview as JSON"
    )]
    NotJson {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// A field has another type than Kubernetes gives it.
    #[error(
        "a field at line {line}, column {column} is missing, has another type than in admission.k8s.io/v1 and core/v1, or holds more \
         containers or volumes than the 500 that are looked at; send what the API server sends"
    )]
    Unexpected {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// It is not an AdmissionReview.
    #[error(
        "the body is no AdmissionReview: its kind or its apiVersion is another; send an AdmissionReview of admission.k8s.io/v1"
    )]
    NotAReview,
    /// It is an AdmissionReview of another version.
    #[error(
        "this webhook speaks admission.k8s.io/v1 only; register it with `admissionReviewVersions: [v1]`"
    )]
    Version,
    /// It holds no request.
    #[error("the AdmissionReview has no `request` with a `uid`; send what the API server sends")]
    NoRequest,
    /// The operation makes an object, and there is none.
    #[error(
        "the request's `object` is null, and it is to be created or updated; send what the API server sends"
    )]
    NoObject,
}

impl Failure {
    /// Its name in metrics: one of a few.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::UnknownProfile { .. } => "unknown-profile",
            Self::NotUtf8(_) | Self::NotJson { .. } | Self::Unexpected { .. } => "unreadable",
            Self::NotAReview | Self::NoRequest | Self::NoObject => "no-review",
            Self::Version => "version",
        }
    }
}

/// Answers one review by the profile called `profile`.
///
/// # Errors
///
/// When the profile is unknown or the review cannot be read. Whether an object is safe is never an error.
pub fn answer(
    settings: &Settings,
    mode: Mode,
    profile: &str,
    facts: &Facts,
    body: &[u8],
) -> Result<Answer, Failure> {
    let body = Body::new(body);
    if !settings.enabled() {
        return Ok(disabled(settings, mode, profile, &body?.request()?));
    }
    let Some(profile) = settings.profile(profile) else {
        let known: Vec<&str> = settings.profile_names().collect();
        return Err(Failure::UnknownProfile {
            name: profile.escape_default().take(63).collect::<String>(),
            known: known.join(", "),
        });
    };
    let body = body?;
    let request = body.request()?;
    let Some((template, scope)) = subject(&request, mode) else {
        return Ok(skipped(&request, mode, profile.name(), settings));
    };
    let object = request.object.as_ref().ok_or(Failure::NoObject)?;
    let Some(pod) = template.pod(object) else {
        return Ok(skipped(&request, mode, profile.name(), settings));
    };

    // The request's, which is always right (I1).
    let namespace = request.namespace.as_deref().unwrap_or_default();
    let effective = Effective::new(settings, profile, pod, namespace);
    let plan = Plan::new(pod, namespace, scope, &effective, facts);
    let said = Said::all(plan.findings());
    // Nothing but the containers can be changed of a pod that runs (U4).
    let is_new = mode == Mode::Harden && matches!(scope, Scope::Creation);
    let annotation = match (is_new && plan.changes_anything(), settings.annotates_pods()) {
        (false, _) => Annotation::Silent,
        (true, false) => Annotation::Off,
        (true, true) => {
            let (name, version) = (profile.name(), settings.version());
            record::annotation(pod, name, version, plan.findings(), &said)
        }
    };
    let patch = match (mode, &annotation) {
        (Mode::Audit | Mode::Preview, _) => None,
        (Mode::Harden, Annotation::Written(text)) => plan.patch_with(Field::Hardened, text),
        (Mode::Harden, _) => plan.patch(),
    };
    let summary = Summary::of(&said);
    let warnings = match made_by_a_controller(&request) {
        true => Vec::new(),
        false => warnings(mode, profile.name(), plan.findings()),
    };
    let audit_annotations = summary.audit_annotations(
        profile.name(),
        settings.version(),
        annotation.left_out(),
        record::passes(pod),
    );
    let body = Response {
        patch: patch.as_deref(),
        warnings: &warnings,
        audit_annotations,
        ..Response::allow(&request.uid)
    }
    .to_json();
    let outcome = match (mode, &patch) {
        (Mode::Harden, Some(_)) => "patched",
        (Mode::Harden, None) => "unchanged",
        (Mode::Audit | Mode::Preview, _) => "shadow",
    };
    let record = Record {
        outcome,
        annotation: annotation.as_str(),
        patch_bytes: patch.map_or(0, |patch| patch.len()),
        warnings: warnings.len(),
        summary,
        said,
        ..of_request(&request, mode, profile.name(), settings)
    };
    Ok(Answer { body, record })
}

/// What of the request rules have something to say of, if anything: new pods, new ephemeral containers, and in the modes
/// that change nothing also the templates of workloads. A running pod cannot be changed (U1, U2).
fn subject<'r>(request: &'r Request<'_>, mode: Mode) -> Option<(Template, Scope<'r>)> {
    let template = Template::of(&request.kind.group, &request.kind.kind)?;
    let subresource = request.sub_resource.as_deref().unwrap_or_default();
    match (template, subresource, request.operation.as_str()) {
        (Template::Itself, "", "CREATE") => Some((template, Scope::Creation)),
        (Template::Itself, "ephemeralcontainers", "UPDATE") => Some((
            template,
            Scope::Ephemeral(request.existing_ephemeral_containers()),
        )),
        (Template::Spec | Template::JobSpec, "", "CREATE" | "UPDATE") if mode != Mode::Harden => {
            Some((template, Scope::Creation))
        }
        _ => None,
    }
}

/// The reply while the configuration stops all patching, whatever the path names: nothing of it can be in the way.
fn disabled(settings: &Settings, mode: Mode, profile: &str, request: &Request<'_>) -> Answer {
    // Only a name of the configuration may be counted by.
    let profile = settings.profile(profile).map_or("", Profile::name);
    let warnings = match made_by_a_controller(request) {
        true => Vec::new(),
        false => vec![
            "pod-hardener is switched off by its configuration: nothing is hardened".to_owned(),
        ],
    };
    let body = Response {
        warnings: &warnings,
        audit_annotations: vec![
            ("disabled".into(), "by the configuration"),
            ("config".into(), settings.version()),
        ],
        ..Response::allow(&request.uid)
    }
    .to_json();
    let record = Record {
        outcome: "disabled",
        warnings: warnings.len(),
        ..of_request(request, mode, profile, settings)
    };
    Answer { body, record }
}

/// Whether the object is a controller's: warnings on it reach nobody (J10).
fn made_by_a_controller(request: &Request<'_>) -> bool {
    let metadata = request
        .object
        .as_ref()
        .and_then(|object| object.metadata.as_ref());
    metadata.and_then(Metadata::controller).is_some()
}

/// The reply to a request that no rule has anything to say of.
fn skipped(request: &Request<'_>, mode: Mode, profile: &str, settings: &Settings) -> Answer {
    let why = "neither a new pod nor a new ephemeral container";
    let body = Response {
        audit_annotations: vec![("skipped".into(), why)],
        ..Response::allow(&request.uid)
    }
    .to_json();
    Answer {
        body,
        record: of_request(request, mode, profile, settings),
    }
}

/// The record of a request of which nothing else is to be said.
fn of_request(request: &Request<'_>, mode: Mode, profile: &str, settings: &Settings) -> Record {
    let metadata = request
        .object
        .as_ref()
        .and_then(|object| object.metadata.as_ref());
    let text = |text: Option<&Text<'_>>| cleaned(text.map_or("", Text::as_str));
    let named = request.name.as_ref().filter(|name| !name.is_empty());
    let owner = metadata.and_then(Metadata::controller);
    Record {
        uid: cleaned(&request.uid),
        mode,
        profile: profile.to_owned(),
        config: settings.version().to_owned(),
        operation: cleaned(&request.operation),
        kind: cleaned(&request.kind.kind),
        namespace: text(request.namespace.as_ref()),
        name: text(named.or_else(|| metadata?.name.as_ref())),
        generate_name: text(metadata.and_then(|metadata| metadata.generate_name.as_ref())),
        owner: owner.map_or_else(String::new, |owner| {
            format!("{}/{}", cleaned(&owner.kind), cleaned(&owner.name))
        }),
        dry_run: request.dry_run.unwrap_or(false),
        outcome: "skipped",
        annotation: Annotation::Silent.as_str(),
        patch_bytes: 0,
        warnings: 0,
        summary: Summary::default(),
        said: Vec::new(),
    }
}
