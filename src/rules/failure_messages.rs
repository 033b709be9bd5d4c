//! `terminationMessagePolicy: FallbackToLogsOnError`, where nobody chose a way for a container's last words.
//!
//! A container may leave a message in a file, which the kubelet puts into the pod's status; nearly none does. With this policy the
//! end of the log stands in for an empty file of a container that failed, so that whoever sees the pod sees the cause. It
//! is none of the ten practices, and a help with them: what hardening breaks says so itself.
//!
//! The API server fills in `File` before the webhook is called, so that an author's `File` cannot be told from it (A7). It counts as
//! nobody's word: the policy takes nothing from the file, which still comes first. Who names a file of his own has thought
//! about it, and keeps what he has. A manifest is judged as the pod that comes of it.
//!
//! Missing facts mean nothing here. Sources: A7, X19, U6, W2.

use crate::object::Container;
use crate::rule::{At, Choice, Field, Reason, Rule, Say};

/// What the API server fills in (A7).
const DEFAULT_POLICY: &str = "File";
const DEFAULT_PATH: &str = "/dev/termination-log";

const WITH_LOGS: &str = "FallbackToLogsOnError";

const OWN_FILE: Reason = Reason {
    id: "own-message-file",
    text: "the author names a file for the container's last message, so that he may want nothing but that",
    source: "A7",
};

pub(super) static RULE: Rule = Rule {
    id: "failure-messages",
    practice: None,
    control: None,
    summary: "sets `terminationMessagePolicy: FallbackToLogsOnError`",
    why: "The end of a failed container's log (2,048 bytes or 80 lines, whichever is less) is then in the pod's status, where \
          `kubectl describe` shows it: what keeps a hardened program from running is seen without a look at logs, which are \
          gone after a few restarts. The file for a last message still comes first. Whoever may read pods, and not only their \
          logs, then reads those lines, and a secret that a program logs before it fails is among them: that is why the rule is \
          off in the shipped profiles. The API server fills in `File` where an author says nothing, so that an author's own `File` \
          is taken for that; where the profile lets authors except the rule, the annotation `except.pod-hardener.io/failure-messages` \
          keeps it.",
    breaks: "No program. Whoever reads the messages of containers by a program of his own finds lines of logs among them, and \
             those of a debugging session that ends with an error.",
    without_facts: None,
    writes: &[Field::TerminationMessagePolicy],
    steps_back: &[OWN_FILE],
    keys: &[],
    linux_only: false,
    container: Some(look),
    pod: None,
};

fn look<'a>(_: At<'a>, container: Container<'a>, say: &mut Say<'_, 'a>) {
    let said = |text: Option<&'a str>| text.filter(|text| !text.is_empty());
    let policy = said(container.spec.termination_message_policy.as_deref());
    let path = said(container.spec.termination_message_path.as_deref());
    match policy.unwrap_or(DEFAULT_POLICY) {
        DEFAULT_POLICY if path.is_some_and(|path| path != DEFAULT_PATH) => say.step_back(OWN_FILE),
        DEFAULT_POLICY => say.set(Field::TerminationMessagePolicy, format!("\"{WITH_LOGS}\"")),
        policy => say.keep(Choice::own(
            Field::TerminationMessagePolicy,
            policy,
            policy == WITH_LOGS,
        )),
    }
}
