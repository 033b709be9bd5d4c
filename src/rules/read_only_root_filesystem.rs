//! `readOnlyRootFilesystem: true`, and an empty folder where programs must be able to write.
//!
//! Nobody can then change the programs that run: what an intruder downloads has nowhere to stay but in folders that are
//! empty at every start. It is no Pod Security control.
//!
//! `/tmp` gets a sized `emptyDir`, one for each container: a shared one would let their sockets and lock files meet (M7). Its
//! name comes from the container's name and the path, so that hardening twice finds it again; a name that is taken is left
//! alone. Where the author mounted anything there or above, nothing is added (M2 to M4). A folder should be a leaf: one over
//! `/run` or `/var` hides what the image has below (M5). An `emptyDir` makes the cluster autoscaler keep a node, unless an
//! annotation names the volume: ours are added to the author's list in it, the one value of an author that is ever longer
//! afterwards (M10).
//!
//! Missing facts mean nothing here. Sources: M1 to M11, X14, J11, U7.

use std::fmt::Write;

use super::user::is_node_agent;
use crate::json::quoted;
use crate::object::{Container, ContainerKind};
use crate::rule::{
    At, Choice, EPHEMERAL, Field, Key, Kind, NODE_AGENT, Name, PRIVILEGED, Reason, Rule, Say,
};

const SAFE_TO_EVICT: &str = Field::SafeToEvict.last_name();

/// The most bytes of all keys and values of a pod's annotations (J11).
const MAX_ANNOTATIONS: usize = 256 * 1024;

// The positions of the keys.
const PATHS: usize = 0;
const SIZE: usize = 1;
const AUTOSCALER: usize = 2;

const ANNOTATIONS_FULL: Reason = Reason {
    id: "annotations-full",
    text: "the pod's annotations leave no room for the volumes' names, so that the cluster autoscaler may keep its node",
    source: "J11, M10",
};

pub(super) static RULE: Rule = Rule {
    id: "read-only-root-filesystem",
    practice: Some(10),
    control: None,
    summary: "sets `readOnlyRootFilesystem: true`, with an `emptyDir` for `/tmp`",
    why: "Nobody can change the programs that run, and nothing that an intruder brings stays.",
    breaks: "Programs that write into the image: logs, caches, lock files, a home. `writable-paths` names the folders they need.",
    without_facts: None,
    writes: &[
        Field::ReadOnlyRootFilesystem,
        Field::VolumeMounts,
        Field::Volumes,
        Field::SafeToEvict,
    ],
    steps_back: &[PRIVILEGED, EPHEMERAL, NODE_AGENT, ANNOTATIONS_FULL],
    keys: &[
        Key {
            name: "writable-paths",
            kind: Kind::Paths(&["/tmp"]),
            doc: "folders that get an `emptyDir`: leaves, since it hides what the image has there",
        },
        Key {
            name: "size",
            kind: Kind::Amount("1Gi"),
            doc: "the size limit of each folder; the kubelet evicts a pod that exceeds it",
        },
        Key {
            name: "cluster-autoscaler",
            kind: Kind::Flag(true),
            doc: "whether the cluster autoscaler is told that the folders may be lost",
        },
    ],
    linux_only: true,
    container: Some(look),
    pod: Some(look_at_pod),
};

fn look<'a>(at: At<'a>, container: Container<'a>, say: &mut Say<'_, 'a>) {
    let said = container
        .security_context()
        .and_then(|c| c.read_only_root_filesystem);
    if let Some(read_only) = said {
        return say.keep(Choice::own(
            Field::ReadOnlyRootFilesystem,
            if read_only { "true" } else { "false" },
            read_only,
        ));
    }
    if let Some(reason) = doubt(at, container) {
        return say.step_back(reason);
    }
    say.set(Field::ReadOnlyRootFilesystem, "true");
    let size = at.options.name(SIZE).map_or("", |size| &size.json);
    for (path, name) in folders(at, container) {
        // Names are of hexadecimal digits, which need no escaping.
        let head = [r#"{"name":""#, &name, "\","].concat();
        say.set(
            Field::Volumes,
            [&head, r#""emptyDir":{"sizeLimit":"#, size, "}}"].concat(),
        );
        say.set(
            Field::VolumeMounts,
            [&head, r#""mountPath":"#, &path.json, "}"].concat(),
        );
    }
}

fn look_at_pod<'a>(at: At<'a>, say: &mut Say<'_, 'a>) {
    let silent = |container: Container<'a>| {
        let said = container
            .security_context()
            .and_then(|c| c.read_only_root_filesystem);
        let options = at.effective.of(container).options(RULE.id)?;
        let is_told = options.flag(AUTOSCALER);
        let is_ours = is_told && said.is_none() && doubt(at, container).is_none();
        is_ours.then(|| folders(At { options, ..at }, container))
    };
    let ours = at.pod.containers().filter_map(silent).flatten();
    let mut names: Vec<String> = ours.map(|(_, name)| name).collect();
    if names.is_empty() {
        return;
    }
    let said = at.pod.annotation(SAFE_TO_EVICT);
    names.splice(
        0..0,
        said.filter(|list| !list.is_empty()).map(str::to_owned),
    );
    let list = names.join(",");
    let others = at.pod.annotations().map_or(0, crate::object::Pairs::bytes);
    if others + SAFE_TO_EVICT.len() + list.len() > MAX_ANNOTATIONS {
        return say.step_back(ANNOTATIONS_FULL);
    }
    let mut json = String::with_capacity(list.len() + 2);
    quoted(&mut json, &list);
    say.set(Field::SafeToEvict, json);
}

fn doubt(at: At<'_>, container: Container<'_>) -> Option<Reason> {
    Reason::first([
        (container.kind == ContainerKind::Ephemeral, EPHEMERAL),
        (container.is_privileged(), PRIVILEGED),
        (is_node_agent(at), NODE_AGENT),
    ])
}

/// The folders that the container needs and does not have, each with the name of its volume.
fn folders<'a>(at: At<'a>, container: Container<'a>) -> Vec<(&'a Name, String)> {
    let missing = at
        .options
        .names(PATHS)
        .iter()
        .filter(|path| !container.covers(&path.text));
    missing
        .map(|path| (path, volume_name(at, container, path)))
        .collect()
}

/// A name that no volume has: the same for the same container and path, whatever else changes (M1).
fn volume_name(at: At<'_>, container: Container<'_>, path: &Name) -> String {
    let taken = |name: &str| {
        at.pod
            .volumes()
            .iter()
            .any(|volume| volume.name.as_str() == name)
    };
    let mut attempt = String::new();
    loop {
        let hash = super::hash(&[container.spec.name(), &path.text, &attempt]);
        let mut name = String::with_capacity(32);
        // Writing to a String cannot fail.
        let _ = write!(name, "pod-hardener-{hash:016x}");
        if !taken(&name) {
            return name;
        }
        attempt.push('+');
    }
}
