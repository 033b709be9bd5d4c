//! What the rules say of a text's objects, and the text as they would have it.

use json_patch::{Patch, PatchOperation};
use serde_json::Value;

use super::edit::{self, Operation, Refusal, Splice};
use super::object::{Found, Subject, objects};
use super::{Document, Flaw, Manifest, defaults, locate, meaning, style};
use crate::config::{Effective, Profile, Settings};
use crate::object::Object;
use crate::plan::{Facts, Plan, Scope};

use super::finding::{self, Finding};

/// What objects are hardened by.
#[derive(Clone, Copy, Debug)]
pub struct By<'s> {
    /// The configuration.
    pub settings: &'s Settings,
    /// One of its profiles.
    pub profile: &'s Profile,
    /// The namespace of objects that name none.
    pub namespace: &'s str,
    /// What is known of the cluster.
    pub facts: &'s Facts,
}

/// What is said of one object.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The object.
    pub subject: Subject,
    /// The namespace that it is, or will be, in.
    pub namespace: String,
    /// What the rules say, in their order.
    pub findings: Vec<Finding>,
    /// What is to be put into its document.
    operations: Vec<Operation>,
    /// The pod in it with that.
    hardened: Value,
}

impl Judged {
    /// Whether anything is to be put into the object.
    #[must_use]
    pub fn changes(&self) -> bool {
        !self.operations.is_empty()
    }
}

/// A text with what the rules add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hardened {
    /// The text.
    pub text: String,
    /// What is other in it, in the order of the text.
    pub splices: Vec<Splice>,
}

impl Manifest<'_> {
    /// What the rules say of each object that holds a pod, and what is wrong with those that cannot be read.
    #[must_use]
    pub fn judge(&self, by: By<'_>) -> (Vec<Judged>, Vec<Flaw>) {
        let (mut judged, mut flaws) = (Vec::new(), Vec::new());
        for (at, document) in self.documents.iter().enumerate() {
            for found in objects(&document.value) {
                flaws.extend(self.nameless(document, &found));
                for subject in found.subjects(at, by.settings) {
                    match self.judge_one(document, &found, subject, by) {
                        Ok(one) => judged.extend(one),
                        Err(flaw) => flaws.push(flaw),
                    }
                }
            }
        }
        (judged, flaws)
    }

    /// The text with what is to be put into its objects; `None` where that is nothing.
    ///
    /// # Errors
    ///
    /// Where it cannot be put there, or the text would then not mean what it should.
    pub fn harden(&self, judged: &[Judged]) -> Result<Option<Hardened>, Refusal> {
        if !judged.iter().any(Judged::changes) {
            return Ok(None);
        }
        let mut splices = Vec::new();
        let mut expected: Vec<Value> = self.values().cloned().collect();
        let of_documents = judged.chunk_by(|a, b| a.subject.document == b.subject.document);
        for judged in of_documents {
            let mut operations = Vec::new();
            let mut at = 0;
            for one in judged.iter().filter(|one| one.changes()) {
                at = one.subject.document;
                operations.extend(one.operations.iter().cloned());
                let there = expected.get_mut(at);
                let pod = pointer(&one.subject.in_document(&[]));
                if let Some(pod) = there.and_then(|value| value.pointer_mut(&pod)) {
                    *pod = one.hardened.clone();
                }
            }
            let Some(document) = self.documents.get(at).filter(|_| !operations.is_empty()) else {
                continue;
            };
            let style = style::of(self.text, &document.tree);
            splices.extend(edit::splices(
                self.text,
                &document.tree,
                &style,
                &operations,
            )?);
        }
        edit::sort(&mut splices);
        let text = edit::apply(self.text, &splices);
        meaning::check(&text, &expected)?;
        Ok(Some(Hardened { text, splices }))
    }

    /// Where in the text each object's own part of that goes, without a look at what it comes to.
    ///
    /// # Errors
    ///
    /// Where it cannot be put there.
    pub fn splices(&self, judged: &[Judged]) -> Result<Vec<Vec<Splice>>, Refusal> {
        let mut all = Vec::with_capacity(judged.len());
        let of_documents = judged.chunk_by(|a, b| a.subject.document == b.subject.document);
        for judged in of_documents {
            let first = judged.first().map(|one| one.subject.document);
            let Some(document) = first.and_then(|at| self.documents.get(at)) else {
                continue;
            };
            let style = style::of(self.text, &document.tree);
            for one in judged {
                let (text, tree) = (self.text, &document.tree);
                let mut splices = edit::splices(text, tree, &style, &one.operations)?;
                edit::sort(&mut splices);
                all.push(splices);
            }
        }
        Ok(all)
    }

    fn judge_one(
        &self,
        document: &Document,
        found: &Found<'_>,
        subject: Subject,
        by: By<'_>,
    ) -> Result<Option<Judged>, Flaw> {
        let template = subject.template;
        let object = found.seen(&subject);
        let written = object.to_string();
        let seen = defaults::filled_in(&object, template).to_string();
        let read = |text| -> Result<Object<'_>, Flaw> {
            let unreadable = |error| self.unreadable(document, &object, &subject, &error);
            serde_json::from_str(text).map_err(unreadable)
        };
        let (written, seen) = (read(&written)?, read(&seen)?);
        let (Some(as_written), Some(pod)) = (template.pod(&written), template.pod(&seen)) else {
            return self.without_pod(document, found, &subject);
        };
        let namespace = subject.namespace.clone();
        let namespace = namespace.unwrap_or_else(|| by.namespace.to_owned());
        let effective = Effective::new(by.settings, by.profile, pod, &namespace);
        let plan = Plan::new(pod, &namespace, Scope::Creation, &effective, by.facts);
        let findings = plan.findings().iter();
        let findings = findings.map(|one| finding::of(self.text, document, &subject, one));
        let findings = findings.collect();
        let patch = by
            .settings
            .enabled()
            .then(|| plan.patch_on(as_written))
            .flatten();
        let (operations, hardened) = match patch {
            Some(patch) => operations(&patch, &object, &subject).ok_or_else(|| {
                self.flaw(
                    document,
                    &subject.path,
                    "the plan for it does not apply to it",
                )
            })?,
            None => (Vec::new(), Value::Null),
        };
        Ok(Some(Judged {
            subject,
            namespace,
            findings,
            operations,
            hardened,
        }))
    }

    /// What is wrong with a workload that does not say of which API it is: nobody would take it.
    fn nameless(&self, document: &Document, found: &Found<'_>) -> Option<Flaw> {
        let is_workload = ["", "apps", "batch"]
            .iter()
            .any(|group| crate::object::Template::of(group, found.kind).is_some());
        let has_none = found.api_version.is_empty();
        let message = format!("the {} has no apiVersion", found.kind);
        (is_workload && has_none).then(|| self.flaw(document, &found.path, &message))
    }

    /// What there is to say where no pod is: nothing of a workload that is not finished, or is no workload at all. A configured
    /// way that leads to something else is wrong.
    fn without_pod(
        &self,
        document: &Document,
        found: &Found<'_>,
        subject: &Subject,
    ) -> Result<Option<Judged>, Flaw> {
        // As a patch is, or what a reference to another object stands beside.
        let is_unfinished = || {
            let seen = found.seen(subject);
            let template = seen.pointer("/spec/template").and_then(Value::as_object);
            template.is_some_and(|all| !all.contains_key("spec") && !all.contains_key("containers"))
        };
        if found.template().is_some() || is_unfinished() {
            return Ok(None);
        }
        let message = format!(
            "the {} has no template of a pod at `{}`, where the configuration says that there is one: it has no `spec`",
            subject.kind,
            subject.pod.join(".")
        );
        Err(self.flaw(document, &subject.in_document(&[]), &message))
    }

    fn unreadable(
        &self,
        document: &Document,
        object: &Value,
        subject: &Subject,
        error: &serde_json::Error,
    ) -> Flaw {
        let text = error.to_string();
        let what = text.split(" at line ").next().unwrap_or_default();
        let path = locate::path_at(object, error.column().saturating_sub(1));
        let path = subject.translated(path);
        self.flaw(
            document,
            &path,
            &format!("the {} cannot be read: {what}", subject.kind),
        )
    }

    fn flaw(&self, document: &Document, path: &[String], message: &str) -> Flaw {
        let (at, _) = locate::deepest(self.text, &document.tree, path);
        Flaw {
            at,
            message: message.to_owned(),
        }
    }
}

/// The operations of a patch on an object as rules see it, each with its way in the document, and the pod after them.
fn operations(patch: &str, object: &Value, subject: &Subject) -> Option<(Vec<Operation>, Value)> {
    let patch: Patch = serde_json::from_str(patch).ok()?;
    let mut hardened = object.clone();
    json_patch::patch(&mut hardened, &patch).ok()?;
    let mut operations = Vec::new();
    for operation in patch.0 {
        let (path, value) = match operation {
            PatchOperation::Add(add) => (add.path, Some(add.value)),
            PatchOperation::Remove(remove) => (remove.path, None),
            _ => return None,
        };
        let path = path.tokens().map(|token| token.decoded().into_owned());
        let path = subject.translated(path.collect());
        operations.push(Operation { path, value });
    }
    let pod = hardened.pointer_mut(subject.template.pointer())?.take();
    Some((operations, pod))
}

/// The JSON pointer (RFC 6901) of a path.
fn pointer(path: &[String]) -> String {
    let steps = path.iter();
    let steps = steps.map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1")));
    steps.collect()
}
