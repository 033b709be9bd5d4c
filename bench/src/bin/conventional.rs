//! What people write: the whole pod by kube's types, a copy that is changed, and the difference of the two, as kube-rs shows it in
//! its `admission_controller` example. It sets the fields that `strict` sets, wherever nobody has, and looks at nothing else.

use std::convert::Infallible;

use k8s_openapi::api::core::v1::{
    Capabilities, Container, EmptyDirVolumeSource, Pod, ResourceRequirements, SeccompProfile,
    SecurityContext, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::core::admission::{AdmissionRequest, AdmissionResponse, AdmissionReview};

const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

fn main() -> anyhow::Result<Infallible> {
    pod_hardener_bench::serve(|body| match answer(&body) {
        Ok(reply) => reply,
        Err(error) => error.to_string().into_bytes(),
    })
}

fn answer(body: &[u8]) -> anyhow::Result<Vec<u8>> {
    let review: AdmissionReview<Pod> = serde_json::from_slice(body)?;
    let request: AdmissionRequest<Pod> = review.try_into()?;
    let response = AdmissionResponse::from(&request);
    let Some(pod) = &request.object else {
        return Ok(serde_json::to_vec(&response.into_review())?);
    };
    let mut hardened = pod.clone();
    harden(&mut hardened);
    let patch = json_patch::diff(
        &serde_json::to_value(pod)?,
        &serde_json::to_value(hardened)?,
    );
    let response = response.with_patch(patch)?;
    Ok(serde_json::to_vec(&response.into_review())?)
}

fn harden(pod: &mut Pod) {
    let annotations = pod.metadata.annotations.get_or_insert_default();
    annotations
        .entry("cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes".to_owned())
        .or_insert_with(|| "tmp-of-hardening".to_owned());
    let Some(spec) = &mut pod.spec else { return };
    spec.automount_service_account_token.get_or_insert(false);
    let volumes = spec.volumes.get_or_insert_default();
    volumes.retain(|volume| volume.projected.is_none());
    let containers = spec.init_containers.iter_mut().flatten();
    let mut needs_tmp = false;
    for container in containers.chain(&mut spec.containers) {
        needs_tmp |= harden_container(container);
    }
    if needs_tmp {
        volumes.push(Volume {
            name: "tmp-of-hardening".to_owned(),
            empty_dir: Some(EmptyDirVolumeSource {
                size_limit: Some(Quantity("1Gi".to_owned())),
                ..Default::default()
            }),
            ..Default::default()
        });
    }
}

/// Whether the container now mounts a `/tmp` of ours.
fn harden_container(container: &mut Container) -> bool {
    let context = container
        .security_context
        .get_or_insert_with(SecurityContext::default);
    context.allow_privilege_escalation.get_or_insert(false);
    context.read_only_root_filesystem.get_or_insert(true);
    context.run_as_non_root.get_or_insert(true);
    context.run_as_user.get_or_insert(10_001);
    context
        .seccomp_profile
        .get_or_insert_with(|| SeccompProfile {
            type_: "RuntimeDefault".to_owned(),
            localhost_profile: None,
        });
    context.capabilities.get_or_insert_with(|| Capabilities {
        add: Some(vec!["NET_BIND_SERVICE".to_owned()]),
        drop: Some(vec!["ALL".to_owned()]),
    });
    let resources = container
        .resources
        .get_or_insert_with(ResourceRequirements::default);
    let amounts = [
        (
            &mut resources.requests,
            [("cpu", "10m"), ("memory", "32Mi")],
        ),
        (&mut resources.limits, [("cpu", "1"), ("memory", "1Gi")]),
    ];
    for (map, values) in amounts {
        for (name, value) in values {
            map.get_or_insert_default()
                .entry(name.to_owned())
                .or_insert_with(|| Quantity(value.to_owned()));
        }
    }
    let mounts = container.volume_mounts.get_or_insert_default();
    mounts.retain(|mount| mount.mount_path != TOKEN);
    let needs_tmp = mounts.iter().all(|mount| mount.mount_path != "/tmp");
    if needs_tmp {
        mounts.push(VolumeMount {
            name: "tmp-of-hardening".to_owned(),
            mount_path: "/tmp".to_owned(),
            ..Default::default()
        });
    }
    needs_tmp
}
