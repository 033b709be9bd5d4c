//! `seccompProfile: RuntimeDefault`, where neither the container nor its pod names a profile.
//!
//! The runtime's default profile blocks some sixty system calls that container programs do not use and kernel exploits
//! do. Pod Security `restricted` asks for it; a kubelet with `seccompDefault` does the same where nobody sees it.
//!
//! It is written at the container: a profile of the pod would reach sidecars that are injected later, and debug
//! containers (E1). Missing facts mean nothing here. Sources: V6, V7, X12, G8, E1, E2.

use super::user::{OPENSHIFT_SCC, is_under_unknown_scc};
use crate::object::{Container, SeccompProfile};
use crate::rule::{At, Choice, Field, Level, PRIVILEGED, Reason, Rule, Say};

/// What stands before a container's name, and the pod's.
const OWN_ANNOTATION: &str = "container.seccomp.security.alpha.kubernetes.io/";
const POD_ANNOTATION: &str = "seccomp.security.alpha.kubernetes.io/pod";

const LEGACY_ANNOTATION: Reason = Reason {
    id: "seccomp-annotation",
    text: "an old seccomp annotation names another profile, and the API refuses a field that differs from it",
    source: "V7",
};

pub(super) static RULE: Rule = Rule {
    id: "runtime-default-seccomp",
    practice: Some(6),
    control: Some("Seccomp (restricted)"),
    summary: "sets `seccompProfile: {type: RuntimeDefault}`",
    why: "The container runtime's default profile takes away system calls that programs in containers do not need and \
          that most kernel exploits do. Kubernetes leaves it off unless asked.",
    breaks: "strace, perf, unshare, mount and sandboxes that make namespaces of their own.",
    without_facts: None,
    writes: &[Field::SeccompProfile],
    steps_back: &[PRIVILEGED, LEGACY_ANNOTATION, OPENSHIFT_SCC],
    keys: &[],
    linux_only: true,
    container: Some(look),
    pod: None,
};

fn look<'a>(at: At<'a>, container: Container<'a>, say: &mut Say<'_, 'a>) {
    let own = container
        .security_context()
        .and_then(|c| c.seccomp_profile.as_ref());
    let pod = at
        .pod
        .spec
        .security_context
        .as_ref()
        .and_then(|c| c.seccomp_profile.as_ref());
    if let Some(profile) = own {
        return say.keep(choice(profile, Level::Container));
    }
    if let Some(profile) = pod {
        return say.keep(choice(profile, Level::Pod));
    }
    if container.is_privileged() {
        return say.step_back(PRIVILEGED);
    }
    if contradicted_by_annotation(at, container) {
        return say.step_back(LEGACY_ANNOTATION);
    }
    // OpenShift judges the pod again after us: older SCCs, and `anyuid` still, know no seccomp profile and refuse it (G8).
    if is_under_unknown_scc(at) {
        return say.step_back(OPENSHIFT_SCC);
    }
    say.set(Field::SeccompProfile, r#"{"type":"RuntimeDefault"}"#);
}

fn choice<'a>(profile: &'a SeccompProfile<'a>, level: Level) -> Choice<'a> {
    Choice {
        field: Field::SeccompProfile,
        level,
        said: profile.kind.as_str().into(),
        safe: profile.kind.as_str() != "Unconfined",
    }
}

/// On CREATE the API compares the container's annotation with its field and refuses a difference (V7). The pod's
/// annotation is compared with the pod's field, which is never written here, yet it is the author's word all the same.
fn contradicted_by_annotation(at: At<'_>, container: Container<'_>) -> bool {
    let name = container.spec.name();
    let is_own = |key: &str| key.strip_prefix(OWN_ANNOTATION) == Some(name);
    let annotations = at.pod.annotations();
    let own = annotations.and_then(|all| all.iter().filter(|(key, _)| is_own(key)).last());
    let said = own
        .map(|(_, profile)| profile)
        .or_else(|| at.pod.annotation(POD_ANNOTATION));
    said.is_some_and(|profile| !["runtime/default", "docker/default"].contains(&profile))
}
