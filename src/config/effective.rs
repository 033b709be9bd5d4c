//! A profile as overrides and the pod's own exceptions leave it, for each container of one pod.

use std::borrow::Cow;

use super::image::Image;
use super::overrides::Override;
use super::profile::{Lists, Profile, To};
use super::{Settings, exceptions};
use crate::object::{Container, ContainerKind, Pod};
use crate::rule::{Exception, Granted, Rule};

/// The profile of each container of a pod, and of the pod as a whole.
#[derive(Clone, Debug)]
pub struct Effective<'s> {
    /// The profile without what the pod's author is excepted from.
    profile: Cow<'s, Profile>,
    /// What the author asks for, whether granted or not.
    asked: Vec<(&'static str, Exception<'s>)>,
    /// Each set of overrides that a container has, and what it makes of the profile.
    variants: Vec<Variant<'s>>,
    /// For each container, its position in the spec and in `variants`; those without an override are not here.
    containers: Vec<((ContainerKind, usize), usize)>,
    /// The pod's position in `variants`.
    of_pod: Option<usize>,
}

#[derive(Clone, Debug)]
struct Variant<'s> {
    overrides: Vec<&'s Override>,
    profile: Profile,
}

impl<'s> Effective<'s> {
    /// The profile, and nothing else.
    #[must_use]
    pub fn plain(profile: &'s Profile) -> Self {
        Self {
            profile: Cow::Borrowed(profile),
            asked: Vec::new(),
            variants: Vec::new(),
            containers: Vec::new(),
            of_pod: None,
        }
    }

    /// What `settings` and the pod itself make of `profile`, in a namespace.
    #[must_use]
    pub fn new(
        settings: &'s Settings,
        profile: &'s Profile,
        pod: Pod<'s>,
        namespace: &str,
    ) -> Self {
        let mut this = Self {
            asked: exceptions::of(pod, profile),
            ..Self::plain(profile)
        };
        this.except();
        let overrides = settings.overrides().iter();
        let selected: Vec<&Override> = overrides
            .filter(|other| other.selects.match_pod(pod, namespace))
            .collect();
        if selected.is_empty() {
            return this;
        }
        let mut any = vec![false; selected.len()];
        for container in pod.containers().chain(pod.new_ephemeral_containers(&[])) {
            let name = container.spec.image.as_deref().unwrap_or_default();
            let image = Image::parse(name, settings.registry_mirrors());
            let mut overrides = Vec::new();
            for (other, any) in selected.iter().zip(&mut any) {
                if other.selects.match_container(container, &image) {
                    overrides.push(*other);
                    *any = true;
                }
            }
            if let Some(variant) = this.variant(overrides) {
                this.containers.push((position(container), variant));
            }
        }
        // What is said of the pod as a whole follows every override of a container of it, in the order of the file.
        let of_pod = selected.iter().zip(any).filter(|(_, any)| *any);
        this.of_pod = this.variant(of_pod.map(|(other, _)| *other).collect());
        this
    }

    /// The profile for a container.
    #[must_use]
    pub fn of(&self, container: Container<'_>) -> &Profile {
        self.variant_of(container)
            .map_or(&self.profile, |variant| &variant.profile)
    }

    /// The profile for the pod as a whole: an override of one container is one of the pod's.
    #[must_use]
    pub fn of_pod(&self) -> &Profile {
        self.variant_of_pod()
            .map_or(&self.profile, |variant| &variant.profile)
    }

    /// The overrides of a container, in the order of the file.
    #[must_use]
    pub fn overrides(&self, container: Container<'_>) -> &[&'s Override] {
        self.variant_of(container)
            .map_or(&[], |variant| &variant.overrides)
    }

    /// What the pod's author asks for, each with the rule's id, whether granted or not.
    #[must_use]
    pub fn asked(&self) -> &[(&'static str, Exception<'s>)] {
        &self.asked
    }

    /// The rules that overrides change for a container, by id: those that look at containers.
    #[must_use]
    pub fn overridden(&self, container: Container<'_>) -> Vec<(&'static str, Exception<'s>)> {
        self.changed(self.variant_of(container), |rule| rule.container.is_some())
    }

    /// The rules that overrides change for the pod as a whole, by id: those that look at nothing else.
    #[must_use]
    pub fn overridden_of_pod(&self) -> Vec<(&'static str, Exception<'s>)> {
        self.changed(self.variant_of_pod(), |rule| rule.container.is_none())
    }

    /// Switches off what the author is excepted from.
    fn except(&mut self) {
        for (rule, exception) in &self.asked {
            if exception.granted == Granted::ByAuthor {
                let mut settings = self.profile.to_mut().settings.iter_mut();
                if let Some(setting) = settings.find(|setting| setting.rule.id == *rule) {
                    setting.enabled.value = false;
                }
            }
        }
    }

    fn is_excepted(&self, rule: &Rule) -> bool {
        self.asked
            .iter()
            .any(|(id, exception)| *id == rule.id && exception.granted == Granted::ByAuthor)
    }

    /// The position of what `overrides` make of the profile: a later one wins, key by key. None where there are none.
    fn variant(&mut self, overrides: Vec<&'s Override>) -> Option<usize> {
        if overrides.is_empty() {
            return None;
        }
        let same = |variant: &Variant<'_>| {
            let others = variant.overrides.iter();
            variant.overrides.len() == overrides.len()
                && others.zip(&overrides).all(|(a, b)| std::ptr::eq(*a, *b))
        };
        if let Some(known) = self.variants.iter().position(same) {
            return Some(known);
        }
        let mut profile = Profile::clone(&self.profile);
        for change in overrides.iter().flat_map(|other| other.changes()) {
            // What the author is excepted from stays off, whatever an override says of the rule's switch.
            let is_switch = matches!(change.to, To::Enabled(_));
            if !(is_switch && self.is_excepted(change.rule)) {
                profile.take(change, Lists::AreAddedTo);
            }
        }
        self.variants.push(Variant { overrides, profile });
        Some(self.variants.len() - 1)
    }

    fn variant_of(&self, container: Container<'_>) -> Option<&Variant<'s>> {
        let at = position(container);
        let (_, variant) = self.containers.iter().find(|(other, _)| *other == at)?;
        self.variants.get(*variant)
    }

    fn variant_of_pod(&self) -> Option<&Variant<'s>> {
        self.variants.get(self.of_pod?)
    }

    /// The rules that a variant changes and that `looks` chooses, each with the reason of every override that has a part in it.
    fn changed(
        &self,
        variant: Option<&Variant<'s>>,
        looks: impl Fn(&Rule) -> bool,
    ) -> Vec<(&'static str, Exception<'s>)> {
        let mut found = Vec::new();
        let Some(variant) = variant else {
            return found;
        };
        for other in &variant.overrides {
            for change in other.changes() {
                let exception = Exception {
                    granted: Granted::ByOverride,
                    words: other.reason(),
                };
                let rule = change.rule;
                let is_other = variant.profile.options(rule.id) != self.profile.options(rule.id);
                if is_other && looks(rule) && !found.contains(&(rule.id, exception)) {
                    found.push((rule.id, exception));
                }
            }
        }
        found
    }
}

/// Where in the spec a container is.
fn position(container: Container<'_>) -> (ContainerKind, usize) {
    (container.kind, container.index)
}
