//! Objects as they come, in whatever order, and namespace by namespace as they are wanted.

use std::collections::HashMap;
use std::io;

use serde::{Deserialize, Serialize};

use super::entry::Practices;
use super::said::Said;
use super::spool::{Batch, Place, Spool};

/// Kind and name, as they are written in the cluster.
pub(super) type Name = (String, String);

/// What is kept of an object.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Object {
    /// One that another made: what it made counts with that.
    Owned { own: Name, owner: Name },
    /// One with a template.
    Template { own: Name, found: Found },
    /// A pod.
    Pod {
        /// Itself, or who made it.
        of: Name,
        /// What it is called, for a person.
        name: String,
        is_open: bool,
        is_hinted: bool,
        found: Found,
    },
}

/// What came of a template, or of a pod that has none.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Found {
    pub(super) said: Said,
    pub(super) practices: Practices,
    /// The overrides that select a container, by position, and whether something would be set otherwise without them.
    pub(super) overrides: Vec<(usize, bool)>,
}

/// The objects of all namespaces, in a spool. Of each namespace is held where its objects lie, some to a place as long as they come one
/// after the other: lists of the API are in the order of namespaces, and where they are not, each object has a place of its own.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    places: HashMap<String, Vec<Place>>,
    /// What came last, all of one namespace.
    batch: Batch,
    of: String,
}

impl Gathered {
    /// Takes an object in.
    ///
    /// # Errors
    ///
    /// Those of the spool.
    pub(super) fn add(
        &mut self,
        namespace: &str,
        object: &Object,
        spool: &mut Spool,
    ) -> io::Result<()> {
        if self.batch.is_full() || self.of != namespace {
            self.write(spool)?;
            namespace.clone_into(&mut self.of);
        }
        self.batch.add(object)
    }

    /// Writes what came last. To be called when all objects have come.
    ///
    /// # Errors
    ///
    /// Those of the spool.
    pub(super) fn write(&mut self, spool: &mut Spool) -> io::Result<()> {
        if let Some(place) = self.batch.write(spool)? {
            self.places.entry(self.of.clone()).or_default().push(place);
        }
        Ok(())
    }

    /// Where the objects of a namespace lie, in the order in which they came. They are forgotten.
    pub(super) fn take(&mut self, namespace: &str) -> Vec<Place> {
        self.places.remove(namespace).unwrap_or_default()
    }
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use serde_json::{Value, json};

    use super::super::report::Format;
    use super::super::{Audit, Standing, Store, Task};
    use super::*;
    use crate::config::Settings;
    use crate::object::Template;
    use crate::plan::Facts;

    /// One that has no room.
    #[derive(Debug)]
    struct Full;

    impl Store for Full {
        fn write(&mut self, _: &[u8], _: u64) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn read(&self, _: &mut [u8], _: u64) -> io::Result<()> {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    /// The report on these workloads and pods.
    fn report(spool: Spool, workloads: &[Value], pods: &[Value]) -> io::Result<String> {
        let mut audit = Audit::new(Task {
            settings: Settings::embedded(),
            configuration: String::new(),
            facts: Facts::default(),
            profile: None,
            spool,
        });
        for name in ["a", "a-b", "ab"] {
            audit.namespace(name, Standing::Unlabelled);
        }
        let kinds = [("Deployment", false), ("ReplicaSet", true)];
        for (kind, is_owned) in kinds {
            let of_kind = |one: &&Value| one["metadata"]["ownerReferences"].is_array() == is_owned;
            for one in workloads.iter().filter(of_kind) {
                audit.workload(kind, Template::Spec, &one.to_string());
            }
        }
        pods.iter().for_each(|pod| audit.pod(&pod.to_string()));
        let mut text = Vec::new();
        Format::Json.write(&audit.finish()?, &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Where lists are in another order than that of etcd, which has `a-b` before `a`, only more places are held.
    #[test]
    fn the_order_of_namespaces_in_lists_is_of_no_consequence() -> io::Result<()> {
        let (mut workloads, mut pods) = (Vec::new(), Vec::new());
        let owner =
            |kind: &str, name: &str| json!([{"kind": kind, "name": name, "controller": true}]);
        for namespace in ["a-b", "a", "ab"] {
            let of = |name: &str| json!({"name": name, "namespace": namespace});
            let spec = json!({"containers": [{"name": namespace, "image": "web"}]});
            let template = json!({"template": {"spec": spec}});
            workloads.push(json!({"metadata": of("web"), "spec": template}));
            let mut made = json!({"metadata": of("web-1"), "spec": template});
            made["metadata"]["ownerReferences"] = owner("Deployment", "web");
            workloads.push(made);
            for name in ["web-1-a", "web-1-b", "alone"] {
                let mut pod = json!({"metadata": of(name), "spec": spec});
                if name != "alone" {
                    pod["metadata"]["ownerReferences"] = owner("ReplicaSet", "web-1");
                }
                pods.push(pod);
            }
        }
        let expected = report(Spool::default(), &workloads, &pods)?;
        let text = expected.replace(r#""container":"ab","#, "");
        assert_ne!(text, expected, "nothing is said of a container");
        assert!(
            expected.contains(r#""first":["web-1-a","web-1-b"]"#),
            "{expected}"
        );
        // Namespace after namespace in turn, and then the namespaces backwards.
        pods.sort_by_key(|pod| {
            pod["metadata"]["name"].to_string() + &pod["metadata"]["namespace"].to_string()
        });
        pods.rotate_left(3);
        workloads.reverse();
        assert_eq!(report(Spool::default(), &workloads, &pods)?, expected);
        Ok(())
    }

    /// A report on a part would look like one on all.
    #[test]
    fn a_store_without_room_is_an_error() {
        let pod = json!({"metadata": {"name": "web", "namespace": "a"}, "spec": {"containers": [{"name": "web"}]}});
        let error = report(Spool::new(Full), &[], &[pod]).err();
        assert_eq!(
            error.map(|error| error.kind()),
            Some(io::ErrorKind::StorageFull)
        );
    }
}
