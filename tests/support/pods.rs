//! Generated pods over every field that rules read or write, and some that they must leave alone.

use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const CAPABILITIES: [&str; 12] = [
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
    "CHOWN",
    "AUDIT_WRITE",
];

/// A pod as an author may have written it: not always one that the API server takes.
pub(crate) fn pod() -> impl Strategy<Value = Value> {
    let containers = vec(container(), 1..4);
    let init = of(vec(
        (container(), of(prop_oneof![Just("Always"), Just("Never")])),
        0..3,
    ));
    (
        metadata(),
        containers,
        init,
        pod_security_context(),
        placement(),
    )
        .prop_map(|(metadata, containers, init, context, placement)| {
            let mut spec = Map::from_iter([(
                "futureField".to_owned(),
                json!({"kept": ["as", "it", "is"]}),
            )]);
            spec.extend(placement);
            let named = |prefix: &str, list: Vec<Value>| -> Value {
                list.into_iter()
                    .enumerate()
                    .map(|(i, mut container)| {
                        container["name"] = json!(format!("{prefix}{i}"));
                        container
                    })
                    .collect()
            };
            spec.insert("containers".to_owned(), named("c", containers));
            if let Some(init) = init {
                let with_policy = init.into_iter().map(|(mut container, policy)| {
                    if let Some(policy) = policy {
                        container["restartPolicy"] = json!(policy);
                    }
                    container
                });
                spec.insert(
                    "initContainers".to_owned(),
                    named("i", with_policy.collect()),
                );
            }
            if let Some(context) = context {
                spec.insert("securityContext".to_owned(), context);
            }
            json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec })
        })
}

/// `entries`, each there or not, as an object.
fn object(entries: Vec<(&'static str, BoxedStrategy<Value>)>) -> impl Strategy<Value = Value> {
    let entries: Vec<_> = entries
        .into_iter()
        .map(|(key, value)| weighted(0.4, value).prop_map(move |value| (key, value)))
        .collect();
    entries.prop_map(|entries| {
        let present = entries
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)));
        Value::Object(present.collect())
    })
}

fn one_of(values: &'static [Value]) -> BoxedStrategy<Value> {
    proptest::sample::select(values).boxed()
}

fn json_of<const N: usize>(values: [Value; N]) -> BoxedStrategy<Value> {
    one_of(Box::leak(Box::new(values)))
}

fn flag() -> BoxedStrategy<Value> {
    json_of([json!(true), json!(false), Value::Null])
}

fn seccomp() -> BoxedStrategy<Value> {
    json_of([
        json!({"type": "RuntimeDefault"}),
        json!({"type": "Unconfined"}),
        json!({"type": "Localhost", "localhostProfile": "p.json"}),
        Value::Null,
    ])
}

fn capability_list() -> BoxedStrategy<Value> {
    let some = proptest::sample::subsequence(CAPABILITIES.to_vec(), 0..4);
    prop_oneof![9 => some.prop_map(|names| json!(names)), 1 => Just(Value::Null)].boxed()
}

fn container() -> impl Strategy<Value = Value> {
    let capabilities = object(vec![
        ("add", capability_list()),
        ("drop", capability_list()),
    ]);
    let capabilities = prop_oneof![9 => capabilities, 1 => Just(Value::Null)];
    let context = object(vec![
        ("privileged", flag()),
        ("allowPrivilegeEscalation", flag()),
        ("capabilities", capabilities.boxed()),
        ("seccompProfile", seccomp()),
        ("runAsUser", json_of([json!(0), json!(101), json!(10_001)])),
        ("futureField", json_of([json!("kept")])),
    ]);
    let windows = weighted(0.03, Just(json!({"hostProcess": false})));
    let context = (context, windows).prop_map(|(mut context, windows)| {
        if let Some(options) = windows {
            context["windowsOptions"] = options;
        }
        context
    });
    let context = prop_oneof![9 => context, 1 => Just(Value::Null)];
    weighted(0.7, context).prop_map(|context| {
        let mut container =
            json!({"image": "registry.example/app:1", "env": [{"name": "A", "value": "<&>"}]});
        if let Some(context) = context {
            container["securityContext"] = context;
        }
        container
    })
}

fn pod_security_context() -> impl Strategy<Value = Option<Value>> {
    weighted(
        0.6,
        object(vec![
            ("seccompProfile", seccomp()),
            ("runAsUser", json_of([json!(0), json!(101)])),
        ]),
    )
}

fn metadata() -> impl Strategy<Value = Value> {
    let rare = |key, values| (key, weighted(0.05, values));
    let annotations = vec![
        rare(
            "seccomp.security.alpha.kubernetes.io/pod",
            seccomp_annotation(),
        ),
        rare(
            "container.seccomp.security.alpha.kubernetes.io/c0",
            seccomp_annotation(),
        ),
        rare(
            "openshift.io/scc",
            json_of([json!("anyuid"), json!("restricted-v2")]),
        ),
        rare("kubernetes.io/config.mirror", json_of([json!("hash")])),
        rare("example.com/a~b", json_of([json!("kept \u{1b}[31m")])),
    ];
    let annotations: Vec<_> = annotations
        .into_iter()
        .map(|(key, value)| value.prop_map(move |value| (key, value)))
        .collect();
    weighted(0.8, annotations).prop_map(|annotations| {
        let mut metadata = json!({"generateName": "app-"});
        if let Some(annotations) = annotations {
            let present = annotations
                .into_iter()
                .filter_map(|(key, value)| Some((key.to_owned(), value?)));
            metadata["annotations"] = Value::Object(present.collect());
        }
        metadata
    })
}

fn seccomp_annotation() -> BoxedStrategy<Value> {
    json_of([
        json!("runtime/default"),
        json!("docker/default"),
        json!("unconfined"),
        json!("localhost/p.json"),
    ])
}

/// Where the pod is to run: mostly nothing, sometimes one of the signs of Windows (W3), or Linux by name.
fn placement() -> impl Strategy<Value = Map<String, Value>> {
    let affinity = |operator: &str, os: &str| {
        json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "kubernetes.io/os", "operator": operator, "values": [os]}]}
        ]}}})
    };
    let entry = |key: &str, value: Value| Map::from_iter([(key.to_owned(), value)]);
    prop_oneof![
        60 => Just(Map::new()),
        2 => Just(entry("os", json!({"name": "windows"}))),
        4 => Just(entry("os", json!({"name": "linux"}))),
        2 => Just(entry("nodeSelector", json!({"kubernetes.io/os": "windows"}))),
        2 => Just(entry("nodeSelector", json!({"beta.kubernetes.io/os": "windows"}))),
        4 => Just(entry("nodeSelector", json!({"kubernetes.io/os": "linux"}))),
        2 => Just(entry("affinity", affinity("In", "windows"))),
        2 => Just(entry("affinity", affinity("NotIn", "linux"))),
        4 => Just(entry("affinity", affinity("In", "linux"))),
    ]
}
