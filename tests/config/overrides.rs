//! Which containers an override is for, and what it changes.

use serde_json::{Value, json};

use crate::support::{hardened, settings, with_effective};

const PROFILE: &str = "version = 1
registry-mirrors = [\"mirror.example/hub\"]
[profiles.mine]
no-service-account-token.enabled = true
read-only-root-filesystem.enabled = true
read-only-root-filesystem.writable-paths = [\"/tmp\"]
memory-resources = { enabled = true, request = \"32Mi\", limit = \"1Gi\" }
drop-capabilities = { enabled = true, drop = [\"NET_RAW\", \"MKNOD\"] }
";

fn pod(image: &str) -> Value {
    json!({
        "kind": "Pod",
        "metadata": {"labels": {"app": "web-1", "tier": "front"}},
        "spec": {"containers": [{"name": "web", "image": image}]},
    })
}

/// The containers of `object` for which an override with `selectors` holds, and whether one of the pod does.
fn selected(selectors: &str, object: &Value, namespace: &str) -> (Vec<String>, bool) {
    let text = format!(
        "{PROFILE}[[overrides]]\nreason = \"it must\"\n{selectors}\nmemory-resources.enabled = false\nno-service-account-token.enabled = false\n"
    );
    with_effective(&settings(&text), object, namespace, |effective, pod| {
        let containers = pod
            .containers()
            .chain(pod.new_ephemeral_containers(&[]))
            .filter(|container| {
                effective
                    .of(*container)
                    .options("memory-resources")
                    .is_none()
            });
        let names = containers.map(|container| container.spec.name().to_owned());
        let of_pod = effective.of_pod().options("no-service-account-token");
        (names.collect(), of_pod.is_none())
    })
}

#[test]
fn all_selectors_that_are_given_must_match_and_one_entry_of_each_is_enough() {
    let mut owned = pod("nginx");
    owned["metadata"]["ownerReferences"] =
        json!([{"kind": "ReplicaSet", "name": "x", "controller": true}]);
    for (selectors, object, expected) in [
        ("images = [\"nginx\"]", pod("nginx:1.27"), true),
        (
            "images = [\"nginx\"]",
            pod("docker.io/library/nginx@sha256:ab"),
            true,
        ),
        (
            "images = [\"nginx\"]",
            pod("mirror.example/hub/library/nginx:1"),
            true,
        ),
        (
            "images = [\"mirror.example/hub/nginx\"]",
            pod("nginx:1"),
            true,
        ),
        ("images = [\"nginx\"]", pod("registry.example/nginx"), false),
        (
            "images = [\"redis\", \"nginx:1.*\"]",
            pod("nginx:1.27"),
            true,
        ),
        ("images = [\"redis\", \"nginx:1.*\"]", pod("nginx:2"), false),
        ("namespaces = [\"sho?\"]", pod("nginx"), true),
        ("namespaces = [\"shop-*\"]", pod("nginx"), false),
        ("containers = [\"w*\"]", pod("nginx"), true),
        ("containers = [\"db\"]", pod("nginx"), false),
        ("pod-labels = { app = \"web-*\" }", pod("nginx"), true),
        (
            "pod-labels = { app = \"web-*\", tier = \"back\" }",
            pod("nginx"),
            false,
        ),
        ("pod-labels = { team = \"*\" }", pod("nginx"), false),
        ("owner-kinds = [\"ReplicaSet\"]", owned.clone(), true),
        ("owner-kinds = [\"Deployment\"]", owned.clone(), true),
        ("owner-kinds = [\"Job\"]", owned, false),
        ("owner-kinds = [\"Deployment\"]", pod("nginx"), false),
        (
            "images = [\"nginx\"]\nnamespaces = [\"shop\"]",
            pod("nginx"),
            true,
        ),
        (
            "images = [\"nginx\"]\nnamespaces = [\"other\"]",
            pod("nginx"),
            false,
        ),
    ] {
        let (containers, of_pod) = selected(selectors, &object, "shop");
        assert_eq!(!containers.is_empty(), expected, "{selectors} for {object}");
        assert_eq!(of_pod, expected, "{selectors} for {object}");
    }
}

#[test]
fn a_workload_is_what_makes_its_pods() {
    for (kind, pointer, owner, expected) in [
        ("Deployment", "template", "Deployment", true),
        ("Deployment", "template", "ReplicaSet", true),
        ("StatefulSet", "template", "Deployment", false),
        ("Job", "template", "CronJob", true),
        ("CronJob", "jobTemplate", "Job", true),
    ] {
        let template = json!({"spec": {"containers": [{"name": "web", "image": "x"}]}});
        let template = match pointer {
            "jobTemplate" => json!({"spec": {"template": template}}),
            _ => template,
        };
        let object = json!({"kind": kind, "spec": {pointer: template}});
        let (containers, _) = selected(&format!("owner-kinds = [\"{owner}\"]"), &object, "shop");
        assert_eq!(!containers.is_empty(), expected, "{owner} for {kind}");
    }
}

#[test]
fn an_override_is_for_the_containers_it_selects_and_the_pod_follows_any_of_them() {
    let object = json!({"kind": "Pod", "spec": {
        "initContainers": [{"name": "setup", "image": "busybox"}, {"name": "proxy", "image": "envoy", "restartPolicy": "Always"}],
        "containers": [{"name": "web", "image": "nginx"}, {"name": "cache", "image": "redis"}],
        "ephemeralContainers": [{"name": "debug", "image": "busybox"}],
    }});
    let names = |selectors: &str| selected(selectors, &object, "shop").0;
    assert_eq!(names("images = [\"redis\"]"), ["cache"]);
    assert_eq!(names("images = [\"envoy\"]"), ["proxy"]);
    assert_eq!(names("images = [\"busybox\"]"), ["setup", "debug"]);
    assert!(selected("images = [\"redis\"]", &object, "shop").1);
    assert!(!selected("images = [\"postgres\"]", &object, "shop").1);
}

#[test]
fn a_later_override_wins_key_by_key_and_lists_are_added_to() {
    let text = format!(
        "{PROFILE}
[[overrides]]
reason = \"all of the team\"
namespaces = [\"shop\"]
memory-resources = {{ request = \"64Mi\", limit = \"2Gi\" }}
read-only-root-filesystem.writable-paths = [\"/run/app\", \"/var/log/app\"]
drop-capabilities.drop = [\"KILL\"]
[[overrides]]
reason = \"nginx alone\"
images = [\"nginx\"]
memory-resources.limit = \"none\"
read-only-root-filesystem.writable-paths = [\"/run/app\", \"!/tmp\", \"/var/cache/nginx\"]
"
    );
    let object = json!({"kind": "Pod", "spec": {"containers": [
        {"name": "web", "image": "nginx"}, {"name": "cache", "image": "redis"},
    ]}});
    let lists = with_effective(&settings(&text), &object, "shop", |effective, pod| {
        let of = |container| {
            let profile = effective.of(container);
            let names = |rule: &str| {
                let names = profile.options(rule).unwrap().names(0).iter();
                names
                    .map(|name| name.text.clone())
                    .collect::<Vec<_>>()
                    .join(" ")
            };
            let memory = profile.options("memory-resources").unwrap();
            format!(
                "{} to {}; {}; {}",
                memory.text(0),
                memory.text(1),
                names("read-only-root-filesystem"),
                names("drop-capabilities")
            )
        };
        pod.containers().map(of).collect::<Vec<_>>()
    });
    assert_eq!(
        lists,
        [
            "64Mi to none; /run/app /var/log/app /var/cache/nginx; NET_RAW MKNOD KILL",
            "64Mi to 2Gi; /tmp /run/app /var/log/app; NET_RAW MKNOD KILL",
        ]
    );
}

#[test]
fn only_what_an_override_makes_other_is_said_to_be_overridden() {
    let text = format!(
        "{PROFILE}
[[overrides]]
reason = \"says what is so anyway\"
images = [\"nginx\"]
memory-resources.request = \"32Mi\"
cpu-resources.request = \"1m\"
[[overrides]]
reason = \"a cache of its own\"
images = [\"nginx\"]
read-only-root-filesystem.writable-paths = [\"/var/cache/nginx\"]
no-service-account-token.enabled = false
"
    );
    let said = with_effective(&settings(&text), &pod("nginx"), "shop", |effective, pod| {
        let container = pod.containers().next().unwrap();
        let rule = |all: Vec<(&'static str, _)>| -> Vec<&str> {
            all.into_iter().map(|(rule, _)| rule).collect()
        };
        (
            rule(effective.overridden(container)),
            rule(effective.overridden_of_pod()),
        )
    });
    assert_eq!(
        said,
        (
            vec!["read-only-root-filesystem"],
            vec!["no-service-account-token"]
        )
    );
}

/// Web listens on a low port and reads a Secret; its neighbour has a user of its own, and an override for that.
#[test]
fn what_the_pod_needs_for_one_container_no_override_of_another_takes_away() {
    let text = "version = 1
[profiles.mine]
extends = \"strict\"
[[overrides]]
reason = \"it has a user\"
images = [\"b\"]
run-as-high-uid.enabled = false
read-only-root-filesystem.enabled = false
";
    let object = json!({"spec": {
        "containers": [
            {"name": "web", "image": "a", "ports": [{"containerPort": 80}],
             "volumeMounts": [{"name": "keys", "mountPath": "/keys"}]},
            {"name": "b", "image": "b", "securityContext": {"runAsUser": 200}},
        ],
        "volumes": [{"name": "keys", "secret": {"secretName": "keys"}}],
    }});
    let hardened = hardened(text, &object);
    let context = &hardened["spec"]["securityContext"];
    assert_eq!(context["fsGroup"], 10_001);
    assert_eq!(
        context["sysctls"][0]["name"],
        "net.ipv4.ip_unprivileged_port_start"
    );
    assert!(
        hardened["metadata"]["annotations"].is_object(),
        "{hardened:#}"
    );
}

/// Whoever gets another user can read the data on the volumes, or does not get one.
#[test]
fn data_is_opened_to_all_containers_that_get_another_user_or_to_none() {
    let over = |images: &str, option: &str| {
        format!(
            "[[overrides]]\nreason = \"data\"\nimages = [\"{images}\"]\nrun-as-high-uid.{option}\n"
        )
    };
    let asked = over("postgres", "persistent-volumes = \"fs-group\"");
    let mounts = json!([{"name": "data", "mountPath": "/data"}]);
    let pod = |backup: Value| {
        json!({"spec": {
            "containers": [{"name": "db", "image": "postgres", "volumeMounts": mounts}, backup],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        }})
    };
    let both = pod(json!({"name": "backup", "image": "backup", "volumeMounts": mounts}));
    let one = pod(json!({"name": "backup", "image": "backup"}));
    let root =
        pod(json!({"name": "backup", "image": "backup", "securityContext": {"runAsUser": 0}}));
    let profile = "version = 1\n[profiles.mine]\nextends = \"restricted\"\n";
    for (overrides, object, moved) in [
        (String::new(), &both, false),
        (asked.clone(), &both, true),
        (
            asked.clone() + &over("backup", "persistent-volumes = \"step-back\""),
            &one,
            true,
        ),
        // Root would read the Secrets of a group with other eyes, so that there is no group.
        (asked.clone(), &root, false),
        (
            asked + &over("*stgres", "fs-group = false") + &over("backup", "fs-group = false"),
            &both,
            false,
        ),
    ] {
        let hardened = hardened(&format!("{profile}{overrides}"), object);
        let spec = &hardened["spec"];
        assert_eq!(
            spec["securityContext"]["fsGroup"] == 10_001,
            moved,
            "{overrides}"
        );
        let uid = &spec["containers"][0]["securityContext"]["runAsUser"];
        assert_eq!(*uid == 10_001, moved, "{overrides}{hardened:#}");
    }
}
