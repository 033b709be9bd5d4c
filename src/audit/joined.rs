//! The workloads of one namespace, out of its objects: who made what, and how its pods stand.

use std::collections::{BTreeMap, HashMap};

use super::entry::Practices;
use super::gathered::{Found, Name, Object};
use super::said::Said;
use super::{By, Namespace, Workload, clean};

/// How many pods of a workload are named.
const NAMED: usize = 3;

/// How far up owners are followed: pod, ReplicaSet, Deployment.
const GENERATIONS: usize = 4;

/// What is known of the workloads of a namespace, object by object. This is what grows with the largest namespace.
#[derive(Debug, Default)]
pub(super) struct Joined {
    /// Who owns an object that is an owner itself.
    owners: HashMap<Name, Name>,
    workloads: BTreeMap<Name, Counted>,
}

/// A workload, and what its pods come to.
#[derive(Debug)]
pub(super) struct Counted {
    said: Said,
    practices: Practices,
    pods: usize,
    open: usize,
    hinted: usize,
    first: Vec<String>,
}

impl Joined {
    /// Takes an object in: pods after all others. `select` counts for an override, by its position, that it selects a workload, and
    /// whether it is needed for that.
    pub(super) fn take(&mut self, object: Object, mut select: impl FnMut(usize, bool)) {
        match object {
            Object::Owned { own, owner } => {
                self.owners.insert(own, owner);
            }
            Object::Template { own, found } => {
                let overrides = found.overrides.iter();
                overrides.for_each(|(index, is_needed)| select(*index, *is_needed));
                self.workloads.insert(own, Counted::new(&found));
            }
            Object::Pod {
                of,
                name,
                is_open,
                is_hinted,
                found,
            } => {
                let workload = self.workloads.entry(eldest(&self.owners, of));
                let workload = workload.or_insert_with(|| {
                    let overrides = found.overrides.iter();
                    overrides.for_each(|(index, is_needed)| select(*index, *is_needed));
                    Counted::new(&found)
                });
                if workload.pods == 0 {
                    workload.practices = found.practices;
                }
                for (cell, seen) in workload.practices.iter_mut().zip(found.practices) {
                    *cell = (*cell).max(seen);
                }
                workload.pods += 1;
                workload.hinted += usize::from(is_hinted);
                workload.open += usize::from(is_open);
                if is_open && workload.first.len() < NAMED {
                    workload.first.push(name);
                }
            }
        }
    }

    /// The workloads, by kind and name.
    pub(super) fn workloads(self) -> impl Iterator<Item = (Name, Counted)> {
        self.workloads.into_iter()
    }
}

impl Counted {
    /// A workload without pods.
    fn new(found: &Found) -> Self {
        Self {
            said: found.said,
            practices: found.practices,
            pods: 0,
            open: 0,
            hinted: 0,
            first: Vec::new(),
        }
    }

    /// As it is reported.
    pub(super) fn told(self, (kind, name): Name, namespace: &Namespace) -> Workload {
        Workload {
            namespace: namespace.name.to_string(),
            kind: clean(&kind),
            name: clean(&name),
            profile: namespace.profile.to_string(),
            by: self.by(namespace.standing.profile().is_some()),
            pods: self.pods,
            open: self.open,
            first: self.first,
            hinted: self.hinted,
            said: self.said,
            practices: self.practices,
        }
    }

    fn by(&self, is_hardened: bool) -> By {
        let has_gaps = self.said.has_gaps;
        match (self.pods, self.open) {
            (0, _) if has_gaps && is_hardened => By::Next,
            (0, _) if has_gaps => By::Nobody,
            (_, open) if open > 0 => By::Nobody,
            // Of a pod that nobody owns there is no template to compare it with, only its own word.
            _ if has_gaps || self.hinted > 0 => By::Admission,
            _ => By::Author,
        }
    }
}

/// The first of the owners.
fn eldest(owners: &HashMap<Name, Name>, mut name: Name) -> Name {
    for _ in 0..GENERATIONS {
        match owners.get(&name) {
            Some(owner) => name = owner.clone(),
            None => break,
        }
    }
    name
}
