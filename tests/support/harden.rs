//! The engine, driven on plain JSON values.

#![allow(dead_code, reason = "each test program uses its part of this")]

use pod_hardener::config::{Effective, Profile, Settings};
use pod_hardener::object::{Object, Template};
use pod_hardener::plan::{Facts, Plan, Scope};
use pod_hardener::rule::{Field, Level, Place, Verdict};
use serde_json::Value;

use crate::token;

/// The namespace of every object.
pub(crate) const NAMESPACE: &str = "shop";

/// What became of an object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hardened {
    /// The object with the patch applied by `json-patch`.
    pub(crate) object: Value,
    /// The patch, if there was one.
    pub(crate) patch: Option<Value>,
    /// Pointers of what was set, with the value; one that ends in `/-` is an entry of a list.
    pub(crate) set: Vec<(String, Value)>,
    /// Pointers of lists, and the positions in them that were taken out.
    pub(crate) removed: Vec<(String, usize)>,
    /// `rule`, container and verdict of every finding, as text.
    pub(crate) said: Vec<String>,
}

/// Hardens `object`, an object of `kind`, by `profile`.
///
/// # Errors
///
/// When the object cannot be read, or the patch does not apply.
pub(crate) fn harden(
    profile: &Profile,
    template: Template,
    object: &Value,
) -> Result<Hardened, String> {
    harden_in(NAMESPACE, &Facts::default(), profile, template, object)
}

/// The same in another namespace, with facts about the cluster.
///
/// # Errors
///
/// As [`harden`].
pub(crate) fn harden_in(
    namespace: &str,
    facts: &Facts,
    profile: &Profile,
    template: Template,
    object: &Value,
) -> Result<Hardened, String> {
    harden_by(None, namespace, facts, profile, template, object)
}

/// The same with the overrides of a configuration and the exceptions of the pod, where there is a configuration.
///
/// # Errors
///
/// As [`harden`].
pub(crate) fn harden_by(
    settings: Option<&Settings>,
    namespace: &str,
    facts: &Facts,
    profile: &Profile,
    template: Template,
    object: &Value,
) -> Result<Hardened, String> {
    let text = object.to_string();
    let view: Object<'_> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let pod = template.pod(&view).ok_or("the object has no pod spec")?;
    let effective = settings.map_or_else(
        || Effective::plain(profile),
        |settings| Effective::new(settings, profile, pod, namespace),
    );
    let plan = Plan::new(pod, namespace, Scope::Creation, &effective, facts);

    let (mut set, mut removed) = (Vec::new(), Vec::new());
    let mut said = Vec::new();
    for finding in plan.findings() {
        let root = template.pointer();
        let container = match finding.place {
            Place::Container { kind, index, .. } => format!("/spec/{}/{index}", kind.list()),
            Place::Pod => String::new(),
        };
        let pointer = |field: &Field| {
            let below = match field.level() {
                Level::Container => container.as_str(),
                Level::Pod => "",
            };
            let steps: Vec<String> = field
                .path()
                .iter()
                .map(|step| step.replace('~', "~0").replace('/', "~1"))
                .collect();
            format!("{root}{below}/{}", steps.join("/"))
        };
        match &finding.verdict {
            Verdict::Set(field, json) => {
                let end = if field.is_list() { "/-" } else { "" };
                let json = serde_json::from_str(json).map_err(|error| error.to_string())?;
                set.push((pointer(field) + end, json));
            }
            Verdict::Removed(field, index) => removed.push((pointer(field), *index)),
            Verdict::Kept(_) | Verdict::SteppedBack(_) | Verdict::Excepted(_) => {}
        }
        let verdict = match &finding.verdict {
            Verdict::Set(field, json) => format!("set {field} {json}"),
            Verdict::Kept(choice) => {
                let safe = if choice.safe { "safe" } else { "unsafe" };
                format!(
                    "kept {} {} ({safe}, {:?})",
                    choice.field, choice.said, choice.level
                )
            }
            Verdict::Removed(field, index) => format!("removed {field} {index}"),
            Verdict::SteppedBack(reason) => format!("stepped back: {}", reason.id),
            Verdict::Excepted(exception) => {
                format!("{}: {}", exception.granted.as_str(), exception.words)
            }
        };
        let place = match finding.place {
            Place::Container { kind, name, .. } => format!("{kind} {name}"),
            Place::Pod => "the pod".to_owned(),
        };
        said.push(format!("{} of {place}: {verdict}", finding.rule));
    }

    let mut object = object.clone();
    let patch = plan.patch();
    if let Some(text) = &patch {
        let patch: json_patch::Patch =
            serde_json::from_str(text).map_err(|error| error.to_string())?;
        json_patch::patch(&mut object, &patch).map_err(|error| format!("{error} in {text}"))?;
    }
    let patch = patch.map(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
    Ok(Hardened {
        object,
        patch: patch.transpose()?,
        set,
        removed,
        said,
    })
}

/// The one value of an author that may be longer afterwards (M10).
const EXTENDED: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";

/// Whether the pod `hardened` holds everything that the author of `pod` wrote: the token is the API server's, where the pod
/// says that it does without.
pub(crate) fn keeps(hardened: &Value, pod: &Value) -> bool {
    let automount = |pod: &Value| pod["spec"]["automountServiceAccountToken"].as_bool();
    match (automount(pod), automount(hardened)) {
        (None, Some(false)) => contains(hardened, &token::without(pod)),
        _ => contains(hardened, pod),
    }
}

/// What is `File` where nobody says otherwise (A7).
const POLICY: &str = "terminationMessagePolicy";

/// Whether nobody need have written the `File` of a container: the API server's own file is named, or none.
fn is_nobodys_policy(container: &serde_json::Map<String, Value>) -> bool {
    let path = container
        .get("terminationMessagePath")
        .and_then(Value::as_str);
    path.is_none_or(|path| ["", "/dev/termination-log"].contains(&path))
}

/// Whether `all` holds everything that `part` does: lists may have grown at the end, `null` may have been filled.
pub(crate) fn contains(all: &Value, part: &Value) -> bool {
    match (all, part) {
        (_, Value::Null) => true,
        (Value::Object(all), Value::Object(part)) => part.iter().all(|(key, value)| {
            let now = all.get(key);
            match (now.and_then(Value::as_str), value.as_str()) {
                (Some(now), Some(before)) if key == EXTENDED => {
                    now == before
                        || before.is_empty()
                        || now.starts_with(&format!("{before},pod-hardener-"))
                }
                (Some("FallbackToLogsOnError"), Some("File" | "")) if key == POLICY => {
                    is_nobodys_policy(part)
                }
                _ => now.is_some_and(|now| contains(now, value)),
            }
        }),
        (Value::Array(all), Value::Array(part)) => {
            all.len() >= part.len() && all.iter().zip(part).all(|(all, part)| contains(all, part))
        }
        (all, part) => all == part,
    }
}
