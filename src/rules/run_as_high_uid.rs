//! `runAsUser` of 10000 or more and `runAsNonRoot: true`, where nobody named a user.
//!
//! Root in a container is root on the node, but for the walls between; and a user that the node knows is somebody there.
//! A high user means nothing to anybody. Pod Security `restricted` asks for `runAsNonRoot`. An override may give an image the user
//! that it is made for, which can be a low one: not root, but known to the node.
//!
//! The two are set together: `runAsNonRoot` alone makes the kubelet refuse every image of root, or of a user by name (X1).
//! The group is left alone, so that it is 0, which images for any user count on (X3). Files that the kubelet writes become
//! readable by `fsGroup`, where nobody in the pod is root and no volume holds other data (X4, X5). Low ports open by the safe
//! sysctl, since no capability helps a process that is not root (X6). Where the author gave a user other than root,
//! `runAsNonRoot: true` goes beside it.
//!
//! Missing facts: no OpenShift range is assumed. Sources: X1 to X6, X15, V4, V12, E1 to E4, G1 to G8, P3.

use super::user::{
    self, ADDS_CAPABILITIES, HOST_NETWORK, NO_ROOM, OPENSHIFT_SCC, PERSISTENT_DATA, User,
};
use crate::object::{Container, Source, Volume};
use crate::rule::{At, Choice, Field, Key, Kind, Level, NODE_AGENT, PRIVILEGED, Rule, Say};

/// The sysctl that lets everybody listen on any port of the pod.
const LOW_PORTS_SYSCTL: &str = "net.ipv4.ip_unprivileged_port_start";

// The positions of the keys.
pub(super) const UID: usize = 0;
pub(super) const PERSISTENT_VOLUMES: usize = 1;
pub(super) const SALT: usize = 2;
pub(super) const USE_FS_GROUP: usize = 3;
const LOW_PORTS: usize = 4;

pub(super) static RULE: Rule = Rule {
    id: "run-as-high-uid",
    practice: Some(3),
    control: Some("Running as Non-root, Running as Non-root user (restricted)"),
    summary: "sets `runAsUser` to 10000 or more, and `runAsNonRoot: true`",
    why: "Root in a container is root on the node, but for the walls between. A high user owns nothing there, and nothing in \
          the image either.",
    breaks: "Programs that begin as root and change their user themselves, and those that write where only the image's own \
             user may.",
    without_facts: Some("No range of OpenShift is assumed."),
    writes: &[
        Field::RunAsUser,
        Field::RunAsNonRoot,
        Field::FsGroup,
        Field::FsGroupChangePolicy,
        Field::Sysctls,
    ],
    steps_back: &[
        PRIVILEGED,
        HOST_NETWORK,
        ADDS_CAPABILITIES,
        PERSISTENT_DATA,
        NODE_AGENT,
        OPENSHIFT_SCC,
        NO_ROOM,
    ],
    keys: &[
        Key {
            name: "uid",
            kind: Kind::Uid(10_001),
            doc: "a number from 10000 to 65533; `namespace` for one from the namespace's name; `image` for `runAsNonRoot` alone, \
                  with images known to have a user by number. An override with `images` may give those images their own user, from 1 \
                  up, so that they need not begin as root. Such a user is no high one: outside of a user namespace he is the node's user of \
                  that number, with whom he shares files and limits if he breaks out, and `fsGroup` is the group of that number",
        },
        Key {
            name: "persistent-volumes",
            kind: Kind::Choice(&["step-back", "fs-group"]),
            doc: "what to do about volumes with data: `step-back`, or `fs-group` to have the kubelet open them to the group",
        },
        Key {
            name: "salt",
            kind: Kind::Text(""),
            doc: "makes the users of `namespace` other than in the next cluster; changing it loses data on volumes",
        },
        Key {
            name: "fs-group",
            kind: Kind::Flag(true),
            doc: "whether files that the kubelet writes, such as Secrets, are opened to the user by `fsGroup`",
        },
        Key {
            name: "low-ports",
            kind: Kind::Flag(true),
            doc: "whether a port below 1024 that a container names is opened by the safe sysctl",
        },
    ],
    linux_only: true,
    container: Some(look),
    pod: Some(look_at_pod),
};

fn look<'a>(at: At<'a>, container: Container<'a>, say: &mut Say<'_, 'a>) {
    let own = container.security_context();
    let level = |own: bool| if own { Level::Container } else { Level::Pod };
    let uid_level = level(own.is_some_and(|c| c.run_as_user.is_some()));
    let non_root_level = level(own.is_some_and(|c| c.run_as_non_root.is_some()));
    let chose_uid = |uid: i64, safe| Choice {
        field: Field::RunAsUser,
        level: uid_level,
        said: uid.to_string().into(),
        safe,
    };
    let chose_non_root = |said: &'static str, safe| Choice {
        field: Field::RunAsNonRoot,
        level: non_root_level,
        said: said.into(),
        safe,
    };
    match user::of(at, container) {
        User::Given(uid) => {
            say.keep(chose_uid(uid, true));
            match user::non_root(at, container) {
                Some(true) => say.keep(chose_non_root("true", true)),
                Some(false) => say.keep(chose_non_root("false", false)),
                None if container.is_privileged() => say.step_back(PRIVILEGED),
                None => say.set(Field::RunAsNonRoot, "true"),
            }
        }
        User::NonRoot => say.keep(chose_non_root("true", true)),
        // In a user namespace root is nobody on the node (P3).
        User::Root => say.keep(chose_uid(0, at.pod.spec.host_users == Some(false))),
        User::MayBeRoot => say.keep(chose_non_root("false", false)),
        User::Ours(uid) => {
            say.set(Field::RunAsUser, uid.to_string());
            say.set(Field::RunAsNonRoot, "true");
        }
        User::OursByImage => say.set(Field::RunAsNonRoot, "true"),
        User::Open(reason) => say.step_back(reason),
        User::Unasked => {}
    }
}

fn look_at_pod<'a>(at: At<'a>, say: &mut Say<'_, 'a>) {
    let users: Vec<(Container<'a>, User)> = at
        .pod
        .containers()
        .map(|container| (container, user::of(at, container)))
        .collect();
    let any = |is: fn(&Volume<'_>) -> bool| at.pod.volumes().iter().any(is);
    let data = any(|volume| volume.source == Source::Data);
    let written = any(|volume| volume.source == Source::Written && !volume.is_api_token());
    // Data that nobody asked to open keeps its group, whatever the kubelet writes beside it.
    let is_wanted = if data { user::moves_data(at) } else { written };
    if is_wanted && let Some(group) = user::group(at) {
        say.set(Field::FsGroup, group.to_string());
        if data {
            // Otherwise the kubelet goes through every file at every start (X4).
            say.set(Field::FsGroupChangePolicy, r#""OnRootMismatch""#);
        }
    }
    let context = at.pod.security_context();
    let sysctls = context
        .and_then(|c| c.sysctls.as_deref())
        .unwrap_or_default();
    let open = sysctls
        .iter()
        .any(|sysctl| sysctl.name.as_str() == LOW_PORTS_SYSCTL);
    let low = |container: &Container<'_>| {
        let mut ports = container
            .spec
            .ports
            .iter()
            .flatten()
            .filter_map(|port| port.container_port);
        ports.any(|port| (1..1024).contains(&port))
    };
    let wanted = users.iter().any(|(container, user)| {
        let options = at.effective.of(*container).options(RULE.id);
        user.is_ours() && low(container) && options.is_some_and(|options| options.flag(LOW_PORTS))
    });
    if wanted && !open {
        say.set(
            Field::Sysctls,
            format!(r#"{{"name":"{LOW_PORTS_SYSCTL}","value":"0"}}"#),
        );
    }
}
