//! Who a container runs as, once everybody has spoken: the one decision that `run-as-high-uid` and `drop-capabilities` share.
//!
//! It reads the author's words (E2) and, where they are silent, says what `run-as-high-uid` does in the container's profile. So a
//! rule knows what the other will do without seeing it.

use std::collections::HashSet;

use crate::object::{Container, ContainerKind, Source};
use crate::rule::{At, NODE_AGENT, Options, PRIVILEGED, Reason, Uid};

use super::run_as_high_uid::{PERSISTENT_VOLUMES, SALT, UID, USE_FS_GROUP};

/// Who a container runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum User {
    /// The author named this user, and it is not root.
    Given(i64),
    /// The author leaves the user to the image, and has the kubelet refuse root.
    NonRoot,
    /// The author named root.
    Root,
    /// The author said that root is fine (`runAsNonRoot: false`) and named nobody.
    MayBeRoot,
    /// Nobody is named, and we name this user.
    Ours(u32),
    /// Nobody is named, and we have the kubelet refuse root.
    OursByImage,
    /// Nobody is named, and nobody will be, for this reason.
    Open(Reason),
    /// Nobody is named, and the rule is off.
    Unasked,
}

impl User {
    /// Whether the kernel or the kubelet makes sure that this is not root.
    pub(super) fn is_known_not_root(self) -> bool {
        matches!(
            self,
            Self::Given(_) | Self::NonRoot | Self::Ours(_) | Self::OursByImage
        )
    }

    /// Whether the user is our doing.
    pub(super) fn is_ours(self) -> bool {
        matches!(self, Self::Ours(_) | Self::OursByImage)
    }
}

pub(super) const HOST_NETWORK: Reason = Reason {
    id: "host-network",
    text: "on the node's network low ports and most of its settings need root",
    source: "X15",
};

pub(super) const ADDS_CAPABILITIES: Reason = Reason {
    id: "adds-capabilities",
    text: "the author adds capabilities, which a process that is not root would not have",
    source: "X6",
};

pub(super) const PERSISTENT_DATA: Reason = Reason {
    id: "persistent-data",
    text: "another user may not be able to read the data on its volumes; name a runAsUser, or set `persistent-volumes`",
    source: "X2, X4, G5",
};

pub(super) const OPENSHIFT_SCC: Reason = Reason {
    id: "openshift-scc",
    text: "the OpenShift SCC that admitted the pod may refuse this field",
    source: "G8",
};

pub(super) const NO_ROOM: Reason = Reason {
    id: "outside-user-namespace",
    text: "the namespace's range of users lies outside a user namespace, which ends at 65535",
    source: "G4",
};

/// The first user that means nothing to images and nodes (section 7 of the rules).
const FIRST: u64 = 10_000;

/// One more than the last user of a user namespace that is given out (G4): 65534 and 65535 mean "nobody" and "error".
const END_OF_USER_NAMESPACE: u64 = 65_534;

/// The first user of the range beyond all user namespaces, and how many there are (G2).
const HIGH: u64 = 1_000_000_000;

/// The SCCs of OpenShift whose fields we know: they allow `RuntimeDefault` and the namespace's own range.
const KNOWN_SCCS: [&str; 5] = [
    "hostnetwork-v2",
    "nonroot-v2",
    "privileged",
    "restricted-v2",
    "restricted-v3",
];

/// Decides who `container` runs as.
pub(super) fn of(at: At<'_>, container: Container<'_>) -> User {
    let user = first(at, container);
    // Another user reads the data on the pod's volumes by the pod's group, be it the author's or ours, or not at all.
    let is_opened = || has_group(at) || group(at).is_some();
    match user.is_ours() && mounts_data(at, container) && !is_opened() {
        true => User::Open(PERSISTENT_DATA),
        false => user,
    }
}

/// The same, as if the pod's group could be had for the asking.
fn first(at: At<'_>, container: Container<'_>) -> User {
    let (own, pod) = (container.security_context(), at.pod.security_context());
    let uid = own
        .and_then(|c| c.run_as_user)
        .or_else(|| pod.and_then(|c| c.run_as_user));
    let non_root = non_root(at, container);
    match (uid, non_root) {
        (Some(0), _) => User::Root,
        (Some(uid), _) => User::Given(uid),
        (None, Some(true)) => User::NonRoot,
        (None, Some(false)) => User::MayBeRoot,
        (None, None) => match options(at, container) {
            Some(options) => silent(at, container, options),
            None => User::Unasked,
        },
    }
}

/// What `run-as-high-uid` is to do with a container, if it is on.
fn options<'a>(at: At<'a>, container: Container<'_>) -> Option<&'a Options> {
    let profile = at.effective.of(container);
    profile.options(super::run_as_high_uid::RULE.id)
}

/// Whether somebody asked that the data on the pod's volumes is opened to our user: a group is the pod's, so that what is asked
/// for one container is asked for all.
pub(super) fn moves_data(at: At<'_>) -> bool {
    let asks = |options: &Options| options.text(PERSISTENT_VOLUMES) == "fs-group";
    let mut containers = at.pod.containers();
    containers.any(|container| options(at, container).is_some_and(asks))
}

/// Whether the author gave the pod's volumes a group.
fn has_group(at: At<'_>) -> bool {
    let context = at.pod.security_context();
    context.is_some_and(|c| c.fs_group.is_some())
}

/// The group that opens the pod's volumes to our user, where nobody named one and it harms nobody.
pub(super) fn group(at: At<'_>) -> Option<u32> {
    let users = || {
        at.pod
            .containers()
            .map(|container| (container, first(at, container)))
    };
    // Root has other ideas of modes than a group has: an SSH key that a group may read is refused (X4).
    if has_group(at) || users().any(|(_, user)| !user.is_known_not_root()) {
        return None;
    }
    let wants =
        |container| options(at, container).is_some_and(|options| options.flag(USE_FS_GROUP));
    let uid = users().find_map(|(container, user)| match user {
        User::Ours(uid) if wants(container) => Some(uid),
        _ => None,
    })?;
    let ranges = at.facts.ranges(at.namespace);
    Some(ranges.map_or(uid, |ranges| ranges.group))
}

/// What the author says of `runAsNonRoot`: the container, else the pod (E2).
pub(super) fn non_root(at: At<'_>, container: Container<'_>) -> Option<bool> {
    let (own, pod) = (container.security_context(), at.pod.security_context());
    own.and_then(|c| c.run_as_non_root)
        .or_else(|| pod.and_then(|c| c.run_as_non_root))
}

/// Whether OpenShift has judged the pod by an SCC of which we do not know that it allows more (G8).
pub(super) fn is_under_unknown_scc(at: At<'_>) -> bool {
    at.pod
        .annotation("openshift.io/scc")
        .is_some_and(|scc| !KNOWN_SCCS.contains(&scc))
}

/// Whether the author marked the pod as one that its node cannot do without (X18).
pub(super) fn is_node_agent(at: At<'_>) -> bool {
    at.pod.spec.priority_class_name.as_deref() == Some("system-node-critical")
}

/// What becomes of a container that nobody named a user for.
fn silent(at: At<'_>, container: Container<'_>, options: &Options) -> User {
    let added = container.added_capabilities();
    let doubts = [
        (container.is_privileged(), PRIVILEGED),
        (at.pod.is_on_host_network(), HOST_NETWORK),
        (
            added.iter().any(|name| name.as_str() != "NET_BIND_SERVICE"),
            ADDS_CAPABILITIES,
        ),
        (
            mounts_data(at, container) && !moves_data(at),
            PERSISTENT_DATA,
        ),
        (is_node_agent(at), NODE_AGENT),
        (is_under_unknown_scc(at), OPENSHIFT_SCC),
    ];
    if let Some(reason) = Reason::first(doubts) {
        return User::Open(reason);
    }
    match options.uid(UID) {
        Some(Uid::Image) => User::OursByImage,
        Some(Uid::Namespace) => numbered(at, namespace_uid(at, options.text(SALT))),
        Some(Uid::Number(uid)) => numbered(at, u32::from(uid)),
        None => User::Unasked,
    }
}

/// `uid`, or the first user of the range that OpenShift gave to the namespace: it refuses any other (G1).
fn numbered(at: At<'_>, uid: u32) -> User {
    let uid = at
        .facts
        .ranges(at.namespace)
        .map_or(uid, |ranges| ranges.uid);
    if at.pod.spec.host_users == Some(false) && u64::from(uid) >= END_OF_USER_NAMESPACE {
        return User::Open(NO_ROOM);
    }
    User::Ours(uid)
}

/// The namespace's own user: from its name, which stays when it is made anew, so that data stays readable (G2). Small where
/// the pod has or may get a user namespace, whatever the facts of the moment: a user that moves loses its data.
fn namespace_uid(at: At<'_>, salt: &str) -> u32 {
    let asked = at
        .effective
        .of_pod()
        .options(super::user_namespace::RULE.id);
    let small = asked.is_some() || at.pod.spec.host_users == Some(false);
    let hash = super::hash(&[salt, at.namespace]);
    let uid = if small {
        FIRST + hash % (END_OF_USER_NAMESPACE - FIRST)
    } else {
        HIGH + hash % HIGH
    };
    u32::try_from(uid).unwrap_or(u32::from(u16::MAX))
}

/// Whether the container has a volume with data of somebody else: anything but what the kubelet writes and what begins
/// empty.
fn mounts_data(at: At<'_>, container: Container<'_>) -> bool {
    // A volume cannot be mounted into a debug container that its pod's containers do not have already.
    if container.kind == ContainerKind::Ephemeral {
        return false;
    }
    let volumes = at.pod.volumes().iter();
    let data: HashSet<&str> = volumes
        .filter(|volume| volume.source == Source::Data)
        .map(|volume| volume.name.as_str())
        .collect();
    let devices = container
        .spec
        .volume_devices
        .as_ref()
        .is_some_and(|devices| !devices.is_empty());
    devices
        || container
            .spec
            .volume_mounts
            .iter()
            .flatten()
            .any(|mount| data.contains(mount.name.as_str()))
}
