//! What the API server's audit log says.

use libtest_mimic::Failed;
use serde_json::Value;

use crate::cluster::wait;
use crate::control_plane::ControlPlane;

/// The annotations of the API server's audit record of the first pod that was made in a namespace.
pub(super) fn audited(plane: &ControlPlane, namespace: &str) -> Result<Value, Failed> {
    wait(|| {
        let log = plane.audit_log().map_err(|error| error.to_string())?;
        let records = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut created = records.filter(|record| {
            record["verb"] == "create"
                && record["objectRef"]["resource"] == "pods"
                && record["objectRef"]["namespace"] == namespace
        });
        Ok(created.next().map(|record| record["annotations"].clone()))
    })
}
