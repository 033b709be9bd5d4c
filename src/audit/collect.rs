//! Object by object into a report. Of each is kept what the report says of it, in the spool; in memory is only what is known of whole
//! namespaces.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use super::cost::{Capacity, Quota, requested};
use super::entry::State;
use super::gathered::{Found, Gathered, Object as Kept};
use super::head::Head;
use super::joined::Joined;
use super::judge::{Judge, Judged};
use super::limits::Defaults;
use super::said::Known;
use super::spool::Spool;
use super::workloads::Workloads;
use super::{Namespace, OverrideUse, Report, Standing, Unseen, clean};
use crate::config::Settings;
use crate::object::{Object, Template, Text};
use crate::plan::Facts;

/// The annotation by which a pod was hardened: a hint that anybody can write.
pub(super) const HINT: &str = "pod-hardener.io/hardened";

/// By what profile namespaces are looked at that none hardens: the first step for them.
const FIRST: &str = "compatible";

/// What is to be looked at, and by what.
#[derive(Debug)]
pub struct Task {
    /// The configuration.
    pub settings: Settings,
    /// Where it is from.
    pub configuration: String,
    /// What is known of the cluster.
    pub facts: Facts,
    /// The profile for every namespace, whatever its label.
    pub profile: Option<String>,
    /// Where what is found lies until it is told.
    pub spool: Spool,
}

/// A report in the making.
#[derive(Debug)]
pub struct Audit {
    pub(super) judge: Judge,
    configuration: String,
    profile: Option<String>,
    namespaces: BTreeMap<Arc<str>, Namespace>,
    limits: HashMap<Arc<str>, Defaults>,
    capacity: Capacity,
    /// How many workloads each override selects, and is needed for.
    overrides: Vec<(usize, usize)>,
    unseen: Vec<Unseen>,
    spool: Spool,
    gathered: Gathered,
    known: Known,
    /// Whether all went into the spool until now.
    kept: io::Result<()>,
}

impl Audit {
    /// A report of which nothing is there yet.
    #[must_use]
    pub fn new(task: Task) -> Self {
        Self {
            overrides: vec![(0, 0); task.settings.overrides().len()],
            judge: Judge::new(task.settings, task.facts),
            configuration: task.configuration,
            profile: task.profile,
            namespaces: BTreeMap::new(),
            limits: HashMap::new(),
            capacity: Capacity::default(),
            unseen: Vec::new(),
            spool: task.spool,
            gathered: Gathered::default(),
            known: Known::default(),
            kept: Ok(()),
        }
    }

    /// Notes what could not be looked at.
    pub fn unseen(&mut self, what: &str, why: &str) {
        self.unseen.push(Unseen {
            what: clean(what),
            why: clean(why),
        });
    }

    /// Takes a namespace in, before anything that is in it.
    pub fn namespace(&mut self, name: &str, standing: Standing) {
        let known = |name: &&str| self.judge.settings().profile(name).is_some();
        let asked = self.profile.as_deref().or_else(|| standing.profile());
        let profile = asked
            .filter(known)
            .or(Some(FIRST).filter(known))
            .unwrap_or_default()
            .to_owned();
        let name = Arc::from(name);
        let namespace = Namespace::new(Arc::clone(&name), standing, Arc::from(profile));
        self.namespaces.insert(name, namespace);
    }

    /// Takes a node in, as JSON.
    pub fn node(&mut self, text: &str) {
        self.capacity.take(text);
    }

    /// Takes a LimitRange in, as JSON, before the workloads.
    pub fn limit_range(&mut self, text: &str) {
        let head: Head<'_> = serde_json::from_str(text).unwrap_or_default();
        let namespace = Arc::from(head.metadata.namespace.as_str());
        self.limits.entry(namespace).or_default().take(text);
    }

    /// Takes a ResourceQuota in, as JSON.
    pub fn quota(&mut self, text: &str) {
        let head: Head<'_> = serde_json::from_str(text).unwrap_or_default();
        let quota = Quota::read(&clean(&head.metadata.name), text);
        let namespace = self.namespace_of(&head.metadata.namespace);
        namespace.quotas.extend(quota);
    }

    /// Takes a workload in, as JSON; `kind` is one of those that hold a template. What another workload made counts with that.
    pub fn workload(&mut self, kind: &str, template: Template, text: &str) {
        let Ok(head) = serde_json::from_str::<Head<'_>>(text) else {
            return self.unreadable(kind);
        };
        let namespace = head.metadata.namespace.as_str();
        let own = head.name(kind);
        if let Some(owner) = head.owner() {
            return self.keep(namespace, |_, _| Ok(Kept::Owned { own, owner }));
        }
        // It makes no pod any more.
        if kind == "Job" && head.has_ended() {
            return;
        }
        let filled = self.filled(namespace, text, template);
        let text = filled.as_deref().unwrap_or(text);
        let Ok(mut object) = serde_json::from_str::<Object<'_>>(text) else {
            return self.unreadable(kind);
        };
        // A list says the kind once, for all of its objects.
        object.kind = Some(Text::from(kind));
        let Some(pod) = template.pod(&object) else {
            return self.unreadable(kind);
        };
        let profile = Arc::clone(&self.namespace_of(namespace).profile);
        if let Some(judged) = self.judge.judge(pod, namespace, &profile) {
            self.keep(namespace, |known, spool| {
                let found = found(judged, known, spool)?;
                Ok(Kept::Template { own, found })
            });
        }
    }

    /// Takes a pod in, as JSON, after all workloads.
    pub fn pod(&mut self, text: &str) {
        let (Ok(head), Ok(object)) = (
            serde_json::from_str::<Head<'_>>(text),
            serde_json::from_str::<Object<'_>>(text),
        ) else {
            return self.unreadable("Pod");
        };
        let Some(pod) = Template::Itself.pod(&object) else {
            return self.unreadable("Pod");
        };
        let name = head.metadata.namespace.as_str();
        let profile = Arc::clone(&self.namespace_of(name).profile);
        let Some(judged) = self.judge.judge(pod, name, &profile) else {
            return;
        };
        let namespace = self.namespace_of(name);
        namespace.pods += 1;
        namespace.open += usize::from(judged.is_open);
        namespace.added += judged.added;
        self.capacity.requested += requested(pod);
        // A static pod's owner is its node, which makes others too.
        let owner = head.owner().filter(|(kind, _)| kind != "Node");
        self.keep(name, |known, spool| {
            Ok(Kept::Pod {
                of: owner.unwrap_or_else(|| head.name("Pod")),
                name: clean(&head.metadata.name),
                is_open: judged.is_open,
                is_hinted: pod.annotation(HINT).is_some(),
                found: found(judged, known, spool)?,
            })
        });
    }

    /// The report on all that was taken in.
    ///
    /// # Errors
    ///
    /// Where the spool could not take it, or does not give it back.
    pub fn finish(mut self) -> io::Result<Report> {
        self.kept?;
        self.gathered.write(&mut self.spool)?;
        let mut workloads = Workloads::new(self.spool);
        for namespace in self.namespaces.values_mut() {
            let mut joined = Joined::default();
            for place in self.gathered.take(&namespace.name) {
                for object in workloads.spool().records(place)? {
                    joined.take(object, |index, is_needed| {
                        if let Some((selects, needed)) = self.overrides.get_mut(index) {
                            *selects += 1;
                            *needed += usize::from(is_needed);
                        }
                    });
                }
            }
            for (name, counted) in joined.workloads() {
                let workload = counted.told(name, namespace);
                namespace.count(&workload);
                workloads.add(&workload)?;
            }
        }
        workloads.write()?;
        let overrides = self.judge.settings().overrides().iter();
        let overrides = overrides.zip(&self.overrides);
        Ok(Report {
            configuration: self.configuration,
            version: self.judge.settings().version().to_owned(),
            profile: self.profile,
            overrides: overrides
                .map(|(other, (selects, needed))| OverrideUse {
                    line: other.line(),
                    reason: clean(other.reason()),
                    selects: *selects,
                    needed: *needed,
                })
                .collect(),
            namespaces: self.namespaces.into_values().collect(),
            workloads,
            capacity: self.capacity,
            unseen: self.unseen,
        })
    }

    /// The object in `text` with what LimitRanges will give to its pods; `None` where that is nothing.
    pub(super) fn filled(&self, namespace: &str, text: &str, template: Template) -> Option<String> {
        self.limits.get(namespace)?.fill(text, template)
    }

    /// The namespace, of which nothing is known where it was not taken in.
    pub(super) fn namespace_of(&mut self, name: &str) -> &mut Namespace {
        if !self.namespaces.contains_key(name) {
            self.namespace(name, Standing::Unknown);
        }
        let name: Arc<str> = Arc::from(name);
        self.namespaces
            .entry(Arc::clone(&name))
            .or_insert_with(|| Namespace::new(name, Standing::Unknown, Arc::from(FIRST)))
    }

    /// Keeps an object in the spool. An error is told in the end: there is nothing to be done about it before.
    fn keep(
        &mut self,
        namespace: &str,
        object: impl FnOnce(&mut Known, &mut Spool) -> io::Result<Kept>,
    ) {
        if self.kept.is_ok() {
            let object = object(&mut self.known, &mut self.spool);
            self.kept =
                object.and_then(|object| self.gathered.add(namespace, &object, &mut self.spool));
        }
    }

    fn unreadable(&mut self, kind: &str) {
        self.unseen(
            &format!("an object of kind {kind}"),
            "it is not written as the API writes it, or has more than 500 containers or volumes",
        );
    }
}

/// What came of a pod, as it is kept.
fn found(judged: Judged, known: &mut Known, spool: &mut Spool) -> io::Result<Found> {
    let mut entries = judged.entries;
    entries.retain(|entry| entry.state != State::Met);
    Ok(Found {
        said: known.write(&entries, spool)?,
        practices: judged.practices,
        overrides: judged.overrides,
    })
}
