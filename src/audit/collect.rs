//! Object by object into a report. Of each is kept what the report says of it, and equal texts are kept once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::cost::{Capacity, Quota, requested};
use super::entry::{Cell, Entry, State};
use super::head::Head;
use super::judge::{Depth, Judge, Judged};
use super::limits::Defaults;
use super::{By, Namespace, OverrideUse, Report, Standing, Unseen, Workload, clean};
use crate::config::Settings;
use crate::object::{Object, Template, Text};
use crate::plan::Facts;

/// The annotation by which a pod was hardened: a hint that anybody can write.
pub(super) const HINT: &str = "pod-hardener.io/hardened";

/// How many pods of a workload are named.
const NAMED: usize = 3;

/// How far up owners are followed: pod, ReplicaSet, Deployment.
const GENERATIONS: usize = 4;

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
    /// Who owns an object that is an owner itself.
    owners: HashMap<Key, Key>,
    workloads: BTreeMap<Key, Workload>,
    /// How many workloads each override selects, and is needed for.
    overrides: Vec<(usize, usize)>,
    unseen: Vec<Unseen>,
    texts: HashSet<Arc<str>>,
    said: HashSet<Arc<[Entry]>>,
}

/// Namespace, kind and name.
type Key = (Arc<str>, Arc<str>, String);

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
            owners: HashMap::new(),
            workloads: BTreeMap::new(),
            unseen: Vec::new(),
            texts: HashSet::new(),
            said: HashSet::new(),
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
        let (name, profile) = (self.text(name), self.text(&profile));
        let namespace = Namespace::new(Arc::clone(&name), standing, profile);
        self.namespaces.insert(name, namespace);
    }

    /// Takes a node in, as JSON.
    pub fn node(&mut self, text: &str) {
        self.capacity.take(text);
    }

    /// Takes a LimitRange in, as JSON, before the workloads.
    pub fn limit_range(&mut self, text: &str) {
        let head: Head<'_> = serde_json::from_str(text).unwrap_or_default();
        let namespace = self.text(&head.metadata.namespace);
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
        let key = self.key(&head, kind);
        if let Some(owner) = self.owner(&head) {
            self.owners.insert(key, owner);
            return;
        }
        // It makes no pod any more.
        if kind == "Job" && head.has_ended() {
            return;
        }
        let filled = self.filled(&key.0, text, template);
        let text = filled.as_deref().unwrap_or(text);
        let Ok(mut object) = serde_json::from_str::<Object<'_>>(text) else {
            return self.unreadable(kind);
        };
        // A list says the kind once, for all of its objects.
        object.kind = Some(Text::from(kind));
        let Some(pod) = template.pod(&object) else {
            return self.unreadable(kind);
        };
        let profile = Arc::clone(&self.namespace_of(&key.0).profile);
        if let Some(judged) = self.judge.judge(pod, &key.0, &profile, Depth::Full) {
            self.begin(key, profile, judged);
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
        // A static pod's owner is its node, which makes others too.
        let owner = self.owner(&head).filter(|(_, kind, _)| &**kind != "Node");
        let key = match owner {
            Some(owner) => self.eldest(owner),
            None => self.key(&head, "Pod"),
        };
        let profile = Arc::clone(&self.namespace_of(&key.0).profile);
        let depth = match self.workloads.contains_key(&key) {
            true => Depth::Short,
            false => Depth::Full,
        };
        let Some(mut judged) = self.judge.judge(pod, &key.0, &profile, depth) else {
            return;
        };
        let namespace = self.namespace_of(&key.0);
        namespace.pods += 1;
        namespace.open += usize::from(judged.is_open);
        namespace.added += judged.added;
        self.capacity.requested += requested(pod);
        let (is_open, practices) = (judged.is_open, judged.practices);
        if depth == Depth::Full {
            judged.practices = practices;
            self.begin(key.clone(), profile, judged);
        }
        let Some(workload) = self.workloads.get_mut(&key) else {
            return;
        };
        if workload.pods == 0 {
            workload.practices = practices;
        }
        for (cell, seen) in workload.practices.iter_mut().zip(practices) {
            *cell = (*cell).max(seen);
        }
        workload.pods += 1;
        workload.hinted += usize::from(pod.annotation(HINT).is_some());
        workload.open += usize::from(is_open);
        if is_open && workload.first.len() < NAMED {
            workload.first.push(clean(&head.metadata.name));
        }
    }

    /// The report on all that was taken in.
    #[must_use]
    pub fn finish(mut self) -> Report {
        for workload in self.workloads.values_mut() {
            let Some(namespace) = self.namespaces.get_mut(&workload.namespace) else {
                continue;
            };
            workload.by = by(workload, &namespace.standing);
            namespace.workloads += 1;
            for (counts, cell) in namespace.practices.iter_mut().zip(workload.practices) {
                let at = Cell::ALL.iter().position(|other| *other == cell);
                if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
                    *count += 1;
                }
            }
        }
        let overrides = self.judge.settings().overrides().iter();
        let overrides = overrides.zip(&self.overrides);
        Report {
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
            workloads: self.workloads.into_values().collect(),
            capacity: self.capacity,
            unseen: self.unseen,
        }
    }

    /// The object in `text` with what LimitRanges will give to its pods; `None` where that is nothing.
    pub(super) fn filled(&self, namespace: &str, text: &str, template: Template) -> Option<String> {
        self.limits.get(namespace)?.fill(text, template)
    }

    fn begin(&mut self, key: Key, profile: Arc<str>, judged: Judged) {
        for (index, is_needed) in &judged.overrides {
            if let Some((selects, needed)) = self.overrides.get_mut(*index) {
                *selects += 1;
                *needed += usize::from(*is_needed);
            }
        }
        let mut entries = judged.entries;
        entries.retain(|entry| entry.state != State::Met);
        let workload = Workload {
            namespace: Arc::clone(&key.0),
            kind: self.text(&clean(&key.1)),
            name: clean(&key.2),
            profile,
            by: By::Nobody,
            pods: 0,
            open: 0,
            first: Vec::new(),
            hinted: 0,
            entries: self.entries(entries),
            practices: judged.practices,
        };
        self.workloads.insert(key, workload);
    }

    fn key(&mut self, head: &Head<'_>, kind: &str) -> Key {
        let namespace = self.text(&head.metadata.namespace);
        (namespace, self.text(kind), head.metadata.name.to_string())
    }

    fn owner(&mut self, head: &Head<'_>) -> Option<Key> {
        let (kind, name) = head.owner()?;
        let namespace = self.text(&head.metadata.namespace);
        Some((namespace, self.text(kind), name.to_owned()))
    }

    /// The first of the owners.
    fn eldest(&self, mut key: Key) -> Key {
        for _ in 0..GENERATIONS {
            match self.owners.get(&key) {
                Some(owner) => key = owner.clone(),
                None => break,
            }
        }
        key
    }

    /// The namespace, of which nothing is known where it was not taken in.
    pub(super) fn namespace_of(&mut self, name: &str) -> &mut Namespace {
        if !self.namespaces.contains_key(name) {
            self.namespace(name, Standing::Unknown);
        }
        let (name, profile) = (self.text(name), self.text(FIRST));
        self.namespaces
            .entry(Arc::clone(&name))
            .or_insert_with(|| Namespace::new(name, Standing::Unknown, profile))
    }

    fn unreadable(&mut self, kind: &str) {
        self.unseen(
            &format!("an object of kind {kind}"),
            "it is not written as the API writes it, or has more than 500 containers or volumes",
        );
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = Arc::from(text);
        self.texts.insert(Arc::clone(&new));
        new
    }

    fn entries(&mut self, entries: Vec<Entry>) -> Arc<[Entry]> {
        if let Some(known) = self.said.get(entries.as_slice()) {
            return Arc::clone(known);
        }
        let new: Arc<[Entry]> = entries.into();
        self.said.insert(Arc::clone(&new));
        new
    }
}

fn by(workload: &Workload, standing: &Standing) -> By {
    let has_gaps = workload.entries.iter().any(|entry| entry.state.is_gap());
    match (workload.pods, workload.open) {
        (0, _) if has_gaps && standing.profile().is_some() => By::Next,
        (0, _) if has_gaps => By::Nobody,
        (_, open) if open > 0 => By::Nobody,
        // Of a pod that nobody owns there is no template to compare it with, only its own word.
        _ if has_gaps || workload.hinted > 0 => By::Admission,
        _ => By::Author,
    }
}
