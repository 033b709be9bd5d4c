//! The closed list of what only the cluster knows, and what is made of it in a cluster.

use serde_json::{Value, json};

use crate::webhook::LABEL;

/// Profiles that ask for every fact.
pub(super) const PROFILES: &str = "
[profiles.knowing]
extends = \"strict\"
no-service-account-token.service-accounts = \"unbound\"
run-as-high-uid.uid = \"namespace\"

[profiles.mapped]
extends = \"strict\"
user-namespace.enabled = true
";

/// Something that a cluster knows, in a namespace with a label and in one without.
pub(super) struct Knowledge {
    pub(super) name: &'static str,
    pub(super) profile: &'static str,
    annotations: Value,
    /// What is in both namespaces, and in none where a namespace is named.
    objects: Vec<Value>,
    /// What differs in pods of a file that was hardened without it, by the names on the way to it.
    pub(super) differs: &'static [&'static str],
    /// What differs in spite of the exported facts.
    pub(super) still: &'static [&'static str],
}

/// The closed list. Beside it there is what no test shows: whether an account is young (B9), which ends by itself after ten minutes, and
/// what other webhooks do.
pub(super) fn knowledge() -> Vec<Knowledge> {
    const TOKEN: &[&str] = &[
        "spec.automountServiceAccountToken",
        "spec.containers.volumeMounts",
        "spec.volumes",
    ];
    let plain = |name, objects, differs| Knowledge {
        name,
        profile: "knowing",
        annotations: json!({}),
        objects,
        differs,
        still: &[],
    };
    let limits = |item: Value| json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "limits"}, "spec": {"limits": [item]}});
    let role =
        json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"});
    let bound = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "bound"},
        "roleRef": role, "subjects": [{"kind": "ServiceAccount", "name": "default"}]});
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "quota"},
        "spec": {"scopes": ["BestEffort"], "hard": {"pods": "1000"}}});
    let target = json!({"type": "Utilization", "averageUtilization": 80});
    let metric = json!({"type": "Resource", "resource": {"name": "cpu", "target": target}});
    let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "scaled"},
        "spec": {"maxReplicas": 3, "metrics": [metric],
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}});
    let of_pod = limits(json!({"type": "Pod", "max": {"cpu": "2"}}));
    let of_container = limits(
        json!({"type": "Container", "default": {"cpu": "500m"}, "defaultRequest": {"cpu": "100m"}}),
    );
    vec![
        plain("nothing", vec![], &[]),
        // A binding (B2 to B6), and the word of the account `default` (B1).
        plain("bound", vec![bound], TOKEN),
        plain("spoken-for", vec![], TOKEN),
        // An autoscaler on the utilisation of the CPU (Z9).
        plain(
            "scaled",
            vec![scaler],
            &[
                "spec.containers.resources.limits.cpu",
                "spec.containers.resources.requests.cpu",
            ],
        ),
        // A LimitRange of pods as a whole (L3): some are refused, by the webhook's file as well as without any.
        plain(
            "limited",
            vec![of_pod],
            &[
                "spec.containers.resources.limits.cpu",
                "spec.containers.resources.requests.cpu",
                ACCEPTED,
            ],
        ),
        // A quota of pods that ask for nothing (Q1).
        plain(
            "counted",
            vec![quota],
            &[
                "spec.containers.resources.limits",
                "spec.containers.resources.requests",
            ],
        ),
        // The users that OpenShift gave (G1).
        Knowledge {
            annotations: json!({"openshift.io/sa.scc.uid-range": "1000650000/10000",
                "openshift.io/sa.scc.supplemental-groups": "1000650000/10000"}),
            ..plain(
                "ranged",
                vec![],
                &[
                    "spec.containers.securityContext.runAsUser",
                    "spec.securityContext.fsGroup",
                ],
            )
        },
        // What the nodes can (X16).
        Knowledge {
            profile: "mapped",
            ..plain("mapped", vec![], &["spec.hostUsers"])
        },
        // What a LimitRange gives to containers (L1) comes before the webhook, and after a file: facts do not have it.
        Knowledge {
            still: DEFAULTED,
            ..plain("defaulted", vec![of_container], DEFAULTED)
        },
    ]
}

/// That a pod is accepted one way and refused the other.
pub(super) const ACCEPTED: &str = "whether it is accepted";

const DEFAULTED: &[&str] = &[
    "metadata.annotations.kubernetes.io/limit-ranger",
    "spec.containers.resources.limits.cpu",
    "spec.containers.resources.requests.cpu",
];

impl Knowledge {
    pub(super) fn labelled(&self) -> String {
        format!("known-{}", self.name)
    }

    pub(super) fn unlabelled(&self) -> String {
        format!("plain-{}", self.name)
    }

    /// Everything that is made of it.
    pub(super) fn all_objects(&self) -> Vec<Value> {
        let mut objects = Vec::new();
        let labels = json!({LABEL: self.profile});
        for (namespace, labels) in [(self.labelled(), labels), (self.unlabelled(), json!({}))] {
            let metadata =
                json!({"name": namespace, "labels": labels, "annotations": self.annotations});
            objects.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}));
            for object in &self.objects {
                let mut object = object.clone();
                object["metadata"]["namespace"] = json!(namespace);
                if let Some(subject) = object.pointer_mut("/subjects/0") {
                    subject["namespace"] = json!(namespace);
                }
                objects.push(object);
            }
        }
        objects
    }
}
