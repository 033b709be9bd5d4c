//! A program that tries what it may do, under the shipped profiles.

use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::node::{Entry, Node, Runtime, Server, get, register};
use crate::webhook::LABEL;

/// Where the server listens.
const PORT: u16 = 8443;

/// How long it may take until a pod runs. It takes half a second on two idle cores.
const READY: Duration = Duration::from_secs(30);

/// What a witness says in a namespace without a label.
const UNHARDENED: &[&str] = &[
    "writes to /: yes",
    "raw socket: yes",
    "device file: yes",
    "token: yes",
    "NoNewPrivs:\t0",
    "Seccomp:\t0",
    "CapEff:\t00000000a80425fb",
];

/// What a witness says under every profile.
pub(super) const COMPATIBLE: &[&str] = &[
    "raw socket: Operation not permitted",
    "device file: Operation not permitted",
    "token: No such file or directory",
    "NoNewPrivs:\t1",
    "Seccomp:\t2",
];

/// What it says further on.
pub(super) const RESTRICTED: &[&str] = &[
    "Uid:\t10001\t10001\t10001\t10001",
    "CapEff:\t0000000000000000",
    "CapBnd:\t0000000000000400",
];

/// And what more.
pub(super) const STRICT: &[&str] = &["writes to /: Read-only file system", "writes to /tmp: yes"];

pub(super) fn profiles(node: &Node) -> Result<(), Failed> {
    let server = Server::start(node.plane(), node.work(), PORT, None)?;
    let entries = ["compatible", "restricted", "strict"].map(|profile| Entry {
        label: profile,
        profile,
        server: &server,
    });
    register(node.plane(), node.work(), &entries)?;
    let pod = Pod::new("witness");
    let unhardened = pod.run(node, "unhardened", None)?;
    must_say(&unhardened, UNHARDENED)?;
    for (profile, lists) in [
        ("compatible", [COMPATIBLE].as_slice()),
        ("restricted", &[COMPATIBLE, RESTRICTED]),
        ("strict", &[COMPATIBLE, RESTRICTED, STRICT]),
    ] {
        let said = pod.run(node, profile, Some(profile))?;
        for list in lists {
            must_say(&said, list)?;
        }
    }
    Ok(())
}

/// `compatible` with a user namespace where the nodes can; not for the image that cannot be mapped.
const NAMESPACES: &str = r#"version = 1

[profiles.mapped]
extends = "compatible"
user-namespace.enabled = true
user-namespace.when = "auto"

[profiles.excepted]
extends = "mapped"

[[overrides]]
reason = "a file in the image is of a user beyond those of a user namespace"
namespaces = ["excepted"]
images = ["localhost/pod-hardener/unmapped-*"]
user-namespace.enabled = false
"#;

pub(super) fn user_namespace(node: &Node) -> Result<(), Failed> {
    let config = node.work().join("namespaces.toml");
    std::fs::write(&config, NAMESPACES)?;
    let server = Server::start(node.plane(), node.work(), PORT, Some(&config))?;
    let entries = ["mapped", "excepted"].map(|profile| Entry {
        label: profile,
        profile,
        server: &server,
    });
    register(node.plane(), node.work(), &entries)?;
    let said = Pod::new("witness").run(node, "mapped", Some("mapped"))?;
    must_say(&said, COMPATIBLE)?;
    let map = said.lines().find(|line| line.starts_with("uid_map:"));
    let whole = map.is_some_and(|map| {
        map.split_whitespace()
            .eq(["uid_map:", "0", "0", "4294967295"])
    });
    if whole != (node.runtime() == Runtime::Debian) {
        return Err(format!(
            "on {:?} the pod's users are mapped by {map:?}",
            node.runtime()
        )
        .into());
    }
    match whole {
        true => Ok(()),
        false => unmapped(node),
    }
}

/// What happens to images with users beyond those that a user namespace has room for: a file of such a user is nobody's, and a
/// program that is to run as one does not start. The override for such an image avoids both.
fn unmapped(node: &Node) -> Result<(), Failed> {
    let (file, user) = (Pod::new("unmapped-file"), Pod::new("unmapped-user"));
    let said = file.run(node, "mapped", Some("mapped"))?;
    must_say(
        &said,
        &[
            "owner of /data: 65534",
            "writes to /data: Permission denied",
        ],
    )?;
    must_say(&said, &["takes /data: Operation not permitted"])?;
    let said = file.run(node, "excepted", Some("excepted"))?;
    must_say(&said, &["owner of /data: 6553600", "writes to /data: yes"])?;
    match user.run(node, "mapped", Some("mapped")) {
        Err(error) if failed_with(&error, "container ID 6553600 cannot be mapped to a host ID") => {
        }
        other => return Err(format!("a user that cannot be mapped: {other:?}").into()),
    }
    let said = user.run(node, "excepted", Some("excepted"))?;
    must_say(&said, &["Uid:\t6553600\t6553600\t6553600\t6553600"])
}

fn failed_with(error: &Failed, text: &str) -> bool {
    error
        .message()
        .is_some_and(|message| message.contains(text))
}

pub(super) fn must_say(said: &str, lines: &[&str]) -> Result<(), Failed> {
    for line in lines {
        if !said.lines().any(|other| other == *line) {
            return Err(format!("the witness does not say {line:?}, but\n{said}").into());
        }
    }
    Ok(())
}

/// A pod of one image of the node's own, which says nothing else.
pub(super) struct Pod {
    image: &'static str,
}

impl Pod {
    pub(super) fn new(image: &'static str) -> Self {
        Self { image }
    }

    /// Runs it in a namespace that is labelled for a profile, and gives what it says.
    pub(super) fn run(
        &self,
        node: &Node,
        namespace: &str,
        profile: Option<&str>,
    ) -> Result<String, Failed> {
        let start = Instant::now();
        let labels = profile.map_or(json!({}), |profile| json!({LABEL: profile}));
        let metadata = json!({"name": namespace, "labels": labels});
        create(
            node,
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}),
        )?;
        let name = self.image;
        let image = format!("localhost/pod-hardener/{name}:1");
        let pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"containers": [{"name": name, "image": image, "imagePullPolicy": "Never"}]},
        });
        // The namespace's service account is made in a moment.
        while let Err(error) = create(node, &pod) {
            if start.elapsed() > READY {
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        loop {
            let output = node
                .plane()
                .kubectl(&["get", "pod", name, "-n", namespace, "-o", "json"])?;
            let pod: Value = serde_json::from_slice(&output.stdout)?;
            let (phase, ip) = (&pod["status"]["phase"], &pod["status"]["podIP"]);
            if let (Some("Running"), Some(ip)) = (phase.as_str(), ip.as_str()) {
                // It runs a moment before it listens.
                if let Ok(said) = get(&format!("{ip}:8080"), "/") {
                    return Ok(said);
                }
            }
            let waiting = &pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"];
            let hopeless = waiting.as_str() == Some("RunContainerError");
            if hopeless || start.elapsed() > READY {
                let events = node.plane().kubectl(&["get", "events", "-n", namespace])?;
                let events = String::from_utf8_lossy(&events.stdout).into_owned();
                return Err(format!(
                    "{name} in {namespace} does not run: {}\n{events}",
                    pod["status"]
                )
                .into());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Creates an object, if it is not there.
pub(super) fn create(node: &Node, object: &Value) -> Result<(), Failed> {
    let file = node.work().join("object.json");
    std::fs::write(&file, object.to_string())?;
    let output = node
        .plane()
        .kubectl(&["create", "-f", &file.display().to_string()])?;
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.success() || said.contains("AlreadyExists") {
        true => Ok(()),
        false => Err(said.into_owned().into()),
    }
}
