//! Namespaces, by their metadata: the ranges that OpenShift gave them (G1).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use k8s_openapi::api::core::v1::Namespace;
use kube::core::PartialObjectMeta;

use super::Kind;
use crate::plan::{Facts, Ranges};

const UIDS: &str = "openshift.io/sa.scc.uid-range";
const GROUPS: &str = "openshift.io/sa.scc.supplemental-groups";

pub(in super::super) struct Namespaces;

impl Kind for Namespaces {
    type Object = PartialObjectMeta<Namespace>;
    type Part = (Box<str>, Ranges);
    const NAME: &'static str = "namespaces";

    fn part(namespace: PartialObjectMeta<Namespace>) -> Option<(Box<str>, Ranges)> {
        let annotations = namespace.metadata.annotations?;
        let uids = annotations.get(UIDS)?;
        // Where there is none, OpenShift uses the users' range.
        let groups = annotations.get(GROUPS).unwrap_or(uids);
        Some((
            namespace.metadata.name?.into(),
            Ranges::parse(uids, groups)?,
        ))
    }

    fn publish<'p>(
        facts: &mut Facts,
        parts: Option<impl Iterator<Item = &'p (Box<str>, Ranges)>>,
        _: SystemTime,
    ) -> Option<Duration> {
        facts.ranges = parts.map(|parts| Arc::new(parts.cloned().collect()));
        None
    }
}
