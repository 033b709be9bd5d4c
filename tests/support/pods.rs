//! Generated pods over every field that rules read or write, and some that they must leave alone.

#![allow(dead_code, reason = "each test program uses its part of this")]

use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use crate::token;

/// What is made up for `/tmp` of the container `c0`, and is another volume's name in some of these pods.
pub(crate) const TAKEN: &str = "pod-hardener-8f1a9b029a6514ae";

/// A profile with every rule and all that it may do, to go behind the shipped ones.
pub(crate) const EVERYTHING: &str = r#"
[profiles.everything]
no-privilege-escalation.enabled = true
user-namespace = { enabled = true, when = "always" }
run-as-high-uid = { enabled = true, uid = "namespace", persistent-volumes = "fs-group" }
runtime-default-seccomp.enabled = true
drop-capabilities = { enabled = true, all = true }
read-only-root-filesystem = { enabled = true, writable-paths = ["/tmp", "/var/cache/app"] }
cpu-resources = { enabled = true, request = "250m", limit = "1" }
memory-resources = { enabled = true, request = "64Mi", limit = "512Mi" }
no-service-account-token = { enabled = true, service-accounts = "unbound" }
probes = { enabled = true, tcp-readiness = true }
failure-messages.enabled = true
"#;

/// The annotation that names volumes which the cluster autoscaler may lose.
const AUTOSCALER: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";

/// Bytes of an annotation that leaves room for little more: 262144 are the most of all together (J11).
const FULL: usize = 262_144 - 160;

const CAPABILITIES: [&str; 13] = [
    "NET_RAW",
    "net_raw",
    "CAP_NET_RAW",
    "MKNOD",
    "ALL",
    "all",
    "SYS_ADMIN",
    "CAP_SYS_ADMIN",
    "cap_sys_admin",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "CHOWN",
    "AUDIT_WRITE",
];

/// Mounts that a container may have, of volumes that its pod may have. `raw` is mapped as a device.
const MOUNTS: [(&str, &str); 8] = [
    ("tmp", "/tmp"),
    ("tmp", "/tmp/"),
    ("tmp", "/tmp/cache"),
    ("keys", "/etc/keys"),
    ("config", "/etc/config"),
    ("data", "/var/lib/data"),
    ("node", "/node"),
    ("raw", "/dev/raw"),
];

fn volumes() -> Vec<Value> {
    vec![
        json!({"name": "tmp", "emptyDir": {}}),
        json!({"name": "keys", "secret": {"secretName": "keys", "defaultMode": 256}}),
        json!({"name": "config", "configMap": {"name": "config"}}),
        json!({"name": "data", "persistentVolumeClaim": {"claimName": "data"}}),
        json!({"name": "node", "hostPath": {"path": "/var/lib/x"}}),
        json!({"name": "raw", "persistentVolumeClaim": {"claimName": "raw"}}),
        json!({"name": "other", "emptyDir": {"medium": "Memory"}}),
        json!({"name": TAKEN, "emptyDir": {}}),
    ]
}

/// A pod as an author may have written it: not always one that the API server takes.
pub(crate) fn pod() -> impl Strategy<Value = Value> {
    let containers = vec(container(), 1..4);
    let policy = of(select(vec!["Always", "Never"]));
    let init = of(vec((container(), policy), 0..3));
    let volumes = weighted(0.7, subsequence(volumes(), 0..6));
    let parts = (
        metadata(),
        containers,
        init,
        pod_context(),
        placement(),
        volumes,
        any::<bool>(),
        (identity(), weighted(0.4, select(MOUNTED.to_vec()))),
    );
    parts.prop_map(
        |(metadata, containers, init, context, mut spec, volumes, at_tmp, (identity, token))| {
            let there = volumes.clone().unwrap_or_default();
            let finished = |prefix: &str, list: Vec<Value>| -> Value {
                let numbered = list.into_iter().enumerate();
                let finish = |(i, mut container): (usize, Value)| {
                    container["name"] = json!(format!("{prefix}{i}"));
                    fit_mounts(&mut container, &there, at_tmp);
                    container
                };
                numbered.map(finish).collect()
            };
            let init = init.map(|list| {
                let sidecar = |(mut container, policy): (Value, Option<&str>)| {
                    // Most authors know that an init container can have no probes (N1).
                    if let (false, Some(container)) =
                        (policy == Some("Always"), container.as_object_mut())
                    {
                        container.remove("livenessProbe");
                        container.remove("readinessProbe");
                    }
                    if let Some(policy) = policy {
                        container["restartPolicy"] = json!(policy);
                    }
                    container
                };
                finished("i", list.into_iter().map(sidecar).collect())
            });
            spec.insert(
                "futureField".to_owned(),
                json!({"kept": ["as", "it", "is"]}),
            );
            spec.insert("containers".to_owned(), finished("c", containers));
            let optional = [
                ("initContainers", init),
                ("securityContext", context),
                ("volumes", volumes.map(Value::from)),
            ];
            spec.extend(present(optional.into()));
            spec.extend(identity.as_object().cloned().unwrap_or_default());
            if let Some(how) = token {
                mount_token(&mut spec, how);
            }
            json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec })
        },
    )
}

/// Leaves only mounts of volumes that are there; `raw` becomes a device, at `/tmp` where that is free and wanted.
fn fit_mounts(container: &mut Value, volumes: &[Value], at_tmp: bool) {
    let Some(mounts) = container
        .get_mut("volumeMounts")
        .and_then(Value::as_array_mut)
    else {
        return;
    };
    mounts.retain(|mount| volumes.iter().any(|volume| volume["name"] == mount["name"]));
    let raw = mounts.iter().any(|mount| mount["name"] == "raw");
    mounts.retain(|mount| mount["name"] != "raw");
    let tmp = mounts.iter().any(|mount| mount["mountPath"] == "/tmp");
    if raw {
        let path = if at_tmp && !tmp { "/tmp" } else { "/dev/raw" };
        container["volumeDevices"] = json!([{"name": "raw", "devicePath": path}]);
    }
}

fn container() -> impl Strategy<Value = Value> {
    let capabilities = object(
        0.5,
        vec![("add", capability_list()), ("drop", capability_list())],
    );
    let context = object(
        0.35,
        vec![
            ("privileged", flag()),
            ("allowPrivilegeEscalation", flag()),
            ("capabilities", or_null(capabilities)),
            ("seccompProfile", seccomp()),
            (
                "runAsUser",
                one_of([json!(0), json!(101), json!(10_001), json!(70_000)]),
            ),
            ("runAsNonRoot", flag()),
            ("readOnlyRootFilesystem", flag()),
            ("futureField", one_of([json!("kept")])),
        ],
    );
    let windows = weighted(0.03, one_of([json!({"hostProcess": false})]));
    let context = (context, windows).prop_map(|(mut context, windows)| {
        if let Some(options) = windows {
            context["windowsOptions"] = options;
        }
        context
    });
    let mounts = subsequence(MOUNTS.to_vec(), 0..4).prop_map(|mounts| {
        mounts
            .iter()
            .map(|(name, path)| json!({"name": name, "mountPath": path}))
            .collect()
    });
    let ports = one_of([
        json!([{"containerPort": 80}]),
        json!([{"containerPort": 8080}]),
        json!([{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53}]),
        json!([]),
    ]);
    let fields = object(
        0.6,
        vec![
            ("securityContext", or_null(context)),
            ("volumeMounts", mounts.boxed()),
            ("ports", ports),
            ("env", one_of([json!([{"name": "A", "value": "<&>"}])])),
        ],
    );
    let probe = || weighted(0.3, Just(json!({"tcpSocket": {"port": 8080}})));
    let last_words = object(
        0.3,
        vec![
            (
                "terminationMessagePolicy",
                one_of([json!("File"), json!("FallbackToLogsOnError"), Value::Null]),
            ),
            (
                "terminationMessagePath",
                one_of([json!("/dev/termination-log"), json!("/run/last-words")]),
            ),
        ],
    );
    let more = (weighted(0.5, resources()), probe(), probe(), last_words);
    (fields, more).prop_map(
        |(mut container, (resources, liveness, readiness, last_words))| {
            let optional = [
                ("resources", resources),
                ("livenessProbe", liveness),
                ("readinessProbe", readiness),
            ];
            if let Some(container) = container.as_object_mut() {
                container.extend(present(optional.into()));
                container.extend(last_words.as_object().cloned().unwrap_or_default());
            }
            container["image"] = json!("registry.example/app:1");
            container
        },
    )
}

/// Requests and limits in many spellings.
fn resources() -> impl Strategy<Value = Value> {
    let amounts = || {
        let cpu = one_of([
            json!("0"),
            json!("100m"),
            json!(1),
            json!("1000m"),
            json!("2"),
            json!(0.5),
            Value::Null,
        ]);
        let memory = one_of([
            json!("0"),
            json!("64Mi"),
            json!("67108864"),
            json!("1e9"),
            json!("512Mi"),
            json!("0.5Gi"),
            json!(1_073_741_824),
            Value::Null,
        ]);
        let storage = one_of([json!("1Gi")]);
        let amounts = vec![
            ("cpu", cpu),
            ("memory", memory),
            ("ephemeral-storage", storage),
        ];
        or_null(object(0.5, amounts))
    };
    object(0.5, vec![("requests", amounts()), ("limits", amounts())])
}

/// Which account the pod has, what it says of the token, how it is started again, and what it asks for as a whole.
fn identity() -> impl Strategy<Value = Value> {
    let fields = vec![
        (
            "serviceAccountName",
            one_of([json!("default"), json!("shop")]),
        ),
        ("automountServiceAccountToken", flag()),
        (
            "restartPolicy",
            one_of([json!("Always"), json!("Never"), json!("OnFailure")]),
        ),
    ];
    let whole = json!({"requests": {"cpu": "4", "memory": "4Gi"}, "limits": {"cpu": "4"}});
    (object(0.25, fields), weighted(0.05, Just(whole))).prop_map(|(mut spec, whole)| {
        if let Some(whole) = whole {
            spec["resources"] = whole;
        }
        spec
    })
}

/// The token's volume, as the API server mounts it, or almost so.
#[derive(Clone, Copy, Debug)]
enum Mounted {
    Exactly,
    InSome,
    OtherName,
    OtherLifetime,
    Elsewhere,
    Writable,
    AnotherVolumeToo,
    /// A webhook sees it before the API server refuses it (M2).
    Twice,
}

const MOUNTED: [Mounted; 11] = [
    Mounted::Exactly,
    Mounted::Exactly,
    Mounted::Exactly,
    Mounted::InSome,
    Mounted::InSome,
    Mounted::OtherName,
    Mounted::OtherLifetime,
    Mounted::Elsewhere,
    Mounted::Writable,
    Mounted::AnotherVolumeToo,
    Mounted::Twice,
];

/// Mounts the token into the containers of a pod, in the midst of other volumes.
fn mount_token(spec: &mut Map<String, Value>, how: Mounted) {
    let name = match how {
        Mounted::OtherName => "kube-api-access-mine",
        _ => "kube-api-access-b2x9z",
    };
    let mut volume = token::volume(name);
    if matches!(how, Mounted::OtherLifetime) {
        volume["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"] =
            json!(3_600);
    }
    let mut mount = token::mount(name);
    match how {
        Mounted::Elsewhere => mount["mountPath"] = json!("/elsewhere"),
        Mounted::Writable => mount["readOnly"] = json!(false),
        _ => {}
    }
    for list in ["containers", "initContainers"] {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut);
        for (i, container) in containers.into_iter().flatten().enumerate() {
            if matches!(how, Mounted::InSome) && i == 0 {
                continue;
            }
            if let Some(mounts) = container["volumeMounts"].as_array_mut() {
                mounts.insert(mounts.len() / 2, mount.clone());
            } else {
                container["volumeMounts"] = json!([mount]);
            }
            if matches!(how, Mounted::Twice)
                && let Some(mounts) = container["volumeMounts"].as_array_mut()
            {
                mounts.push(mount.clone());
            }
        }
    }
    let volumes = spec.entry("volumes").or_insert_with(|| json!([]));
    if let Some(volumes) = volumes.as_array_mut() {
        volumes.insert(volumes.len() / 2, volume);
        if matches!(how, Mounted::AnotherVolumeToo) {
            volumes.push(token::volume("kube-api-access-zzzzz"));
        }
    }
}

fn pod_context() -> impl Strategy<Value = Option<Value>> {
    let sysctls = one_of([
        json!([{"name": "kernel.shm_rmid_forced", "value": "0"}]),
        json!([{"name": "net.ipv4.ip_unprivileged_port_start", "value": "80"}]),
        Value::Null,
    ]);
    let fields = vec![
        ("seccompProfile", seccomp()),
        ("runAsUser", one_of([json!(0), json!(101)])),
        ("runAsNonRoot", flag()),
        ("fsGroup", one_of([json!(2_000), json!(70_000)])),
        ("sysctls", sysctls),
    ];
    weighted(0.6, object(0.2, fields))
}

fn metadata() -> impl Strategy<Value = Value> {
    let annotations = vec![
        (
            "seccomp.security.alpha.kubernetes.io/pod",
            seccomp_annotation(),
        ),
        (
            "container.seccomp.security.alpha.kubernetes.io/c0",
            seccomp_annotation(),
        ),
        (
            "openshift.io/scc",
            one_of([json!("anyuid"), json!("restricted-v2")]),
        ),
        ("kubernetes.io/config.mirror", one_of([json!("hash")])),
        (
            AUTOSCALER,
            one_of([json!(""), json!("tmp"), json!("tmp,other")]),
        ),
        ("example.com/a~b", one_of([json!("kept \u{1b}[31m")])),
        (
            "except.pod-hardener.io/drop-capabilities",
            one_of([json!("it must"), json!("")]),
        ),
    ];
    let filler = weighted(0.01, select(vec![FULL, FULL - 600]));
    let annotations = weighted(0.8, object(0.04, annotations));
    (annotations, filler).prop_map(|(annotations, filler)| {
        let mut metadata = json!({"generateName": "app-"});
        if let Some(annotations) = annotations {
            metadata["annotations"] = annotations;
        }
        if let Some(length) = filler {
            metadata["annotations"]["example.com/filler"] = json!("x".repeat(length));
        }
        metadata
    })
}

/// Where the pod is to run, and in which of the node's namespaces.
fn placement() -> impl Strategy<Value = Map<String, Value>> {
    let host = object(
        0.06,
        vec![
            ("hostNetwork", one_of([json!(true), json!(false)])),
            ("hostPID", one_of([json!(true), json!(false)])),
            ("hostIPC", one_of([json!(true)])),
            (
                "hostUsers",
                one_of([json!(false), json!(true), Value::Null]),
            ),
            ("priorityClassName", one_of([json!("system-node-critical")])),
            ("runtimeClassName", one_of([json!("sandbox")])),
        ],
    );
    let affinity = |operator: &str, os: &str| {
        json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "kubernetes.io/os", "operator": operator, "values": [os]}]}
        ]}}}})
    };
    // Mostly nothing, sometimes one of the signs of Windows (W3), or Linux by name.
    let os = prop_oneof![
        60 => Just(json!({})),
        2 => Just(json!({"os": {"name": "windows"}})),
        4 => Just(json!({"os": {"name": "linux"}})),
        2 => Just(json!({"nodeSelector": {"kubernetes.io/os": "windows"}})),
        2 => Just(json!({"nodeSelector": {"beta.kubernetes.io/os": "windows"}})),
        4 => Just(json!({"nodeSelector": {"kubernetes.io/os": "linux"}})),
        2 => Just(affinity("In", "windows")),
        2 => Just(affinity("NotIn", "linux")),
        4 => Just(affinity("In", "linux")),
    ];
    (host, os).prop_map(|(host, os)| {
        let both = [host, os].map(|part| part.as_object().cloned().unwrap_or_default());
        both.into_iter().flatten().collect()
    })
}

/// `entries`, each there with the chance `odds`, as an object.
fn object(
    odds: f64,
    entries: Vec<(&'static str, BoxedStrategy<Value>)>,
) -> impl Strategy<Value = Value> + use<> {
    let entry = |(key, value)| weighted(odds, value).prop_map(move |value| (key, value));
    let entries: Vec<_> = entries.into_iter().map(entry).collect();
    entries.prop_map(|entries| Value::Object(present(entries)))
}

fn present(entries: Vec<(&str, Option<Value>)>) -> Map<String, Value> {
    entries
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect()
}

fn one_of<const N: usize>(values: [Value; N]) -> BoxedStrategy<Value> {
    select(values.to_vec()).boxed()
}

fn or_null(value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop_oneof![9 => value, 1 => Just(Value::Null)].boxed()
}

fn flag() -> BoxedStrategy<Value> {
    one_of([json!(true), json!(false), Value::Null])
}

fn seccomp() -> BoxedStrategy<Value> {
    one_of([
        json!({"type": "RuntimeDefault"}),
        json!({"type": "Unconfined"}),
        json!({"type": "Localhost", "localhostProfile": "p.json"}),
        Value::Null,
    ])
}

fn seccomp_annotation() -> BoxedStrategy<Value> {
    one_of([
        json!("runtime/default"),
        json!("docker/default"),
        json!("unconfined"),
        json!("localhost/p.json"),
    ])
}

fn capability_list() -> BoxedStrategy<Value> {
    or_null(subsequence(CAPABILITIES.to_vec(), 0..4).prop_map(|names| json!(names)))
}
