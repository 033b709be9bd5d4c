//! What is read of the objects that are looked at.

use std::collections::BTreeMap;

use k8s_openapi::api::admissionregistration::v1;
use k8s_openapi::api::core::v1 as core;
use kube::api::ObjectMeta;
use serde::Deserialize;

use crate::cluster::object::objects;
use crate::cluster::registrations::Rule;
use crate::doctor::conditions::Condition;

objects! {
    MutatingAdmissionPolicy: v1::MutatingAdmissionPolicy,
    Pod: core::Pod,
    Service: core::Service,
}

/// A policy that may change objects.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MutatingAdmissionPolicy {
    pub(super) metadata: ObjectMeta,
    pub(super) spec: PolicySpec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PolicySpec {
    pub(super) match_constraints: Option<Constraints>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Constraints {
    pub(super) resource_rules: Option<Vec<Rule>>,
}

/// What leads to pods.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Service {
    pub(super) metadata: ObjectMeta,
    pub(super) spec: ServiceSpec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ServiceSpec {
    pub(super) selector: Option<BTreeMap<String, String>>,
}

/// A pod of a server.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pod {
    pub(super) metadata: ObjectMeta,
    pub(super) spec: PodSpec,
    pub(super) status: PodStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PodSpec {
    pub(super) containers: Vec<Container>,
    pub(super) image_pull_secrets: Option<Vec<Reference>>,
    pub(super) node_name: Option<String>,
    pub(super) volumes: Option<Vec<Volume>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) image: Option<String>,
    pub(super) command: Option<Vec<String>>,
    pub(super) args: Option<Vec<String>>,
    pub(super) volume_mounts: Option<Vec<Mount>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Mount {
    pub(super) name: String,
    pub(super) mount_path: String,
}

/// The name of an object.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reference {
    pub(super) name: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Volume {
    pub(super) name: String,
    pub(super) config_map: Option<Reference>,
    pub(super) secret: Option<OfSecret>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct OfSecret {
    pub(super) secret_name: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PodStatus {
    pub(super) phase: Option<String>,
    pub(super) conditions: Option<Vec<Condition>>,
}
