//! A profile as overrides and the pod's own exceptions leave it, for each container of one pod.

use std::borrow::Cow;

use super::Settings;
use super::exceptions::Asked;
use super::image::Image;
use super::overrides::Override;
use super::profile::{Lists, Profile, To};
use crate::object::{Container, ContainerKind, Pod};
use crate::rule::{Exception, Granted, Options, Rule};

/// The profile of each container of a pod, and of the pod as a whole.
#[derive(Clone, Debug)]
pub struct Effective<'s> {
    /// The profile without what the pod's author is excepted from.
    profile: Cow<'s, Profile>,
    asked: Asked<'s>,
    /// What the author asks for, each with the rule's id.
    said: Vec<(&'static str, Exception<'s>)>,
    /// Each set of overrides that a container has, and what it makes of the profile.
    variants: Vec<Variant<'s>>,
    /// For the containers of each list, their position in `variants`; none for those without an override.
    lists: [Vec<Option<usize>>; LISTS],
    /// The pod's position in `variants`.
    of_pod: Option<usize>,
}

/// The lists of containers: init containers and sidecars, regular ones, ephemeral ones.
const LISTS: usize = 3;

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
            asked: Asked::default(),
            said: Vec::new(),
            variants: Vec::new(),
            lists: [const { Vec::new() }; LISTS],
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
            asked: Asked::of(pod, profile),
            ..Self::plain(profile)
        };
        this.except();
        let overrides = settings.overrides().iter();
        let mut selected: Vec<&Override> = Vec::with_capacity(overrides.len());
        selected.extend(overrides.filter(|other| other.selects.match_pod(pod, namespace)));
        if !selected.is_empty() {
            this.apply(&selected, settings, pod);
        }
        this.said = this.asked.said(|rule| this.would_be_on(rule, profile));
        this
    }

    /// All rules, on or off, in the order of the profile.
    pub fn rules(&self) -> impl Iterator<Item = &'static Rule> {
        self.profile.settings().map(|setting| setting.rule)
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

    /// The options of `rule` for the pod as a whole, if it is on. A rule that looks at containers too has something to say of the
    /// pod wherever it is on for one of them, whatever an override says of another one.
    #[must_use]
    pub fn options_of_pod(&self, rule: &Rule) -> Option<&Options> {
        let of_pod = self.of_pod().options(rule.id);
        let others = std::iter::once(&*self.profile)
            .chain(self.variants.iter().map(|variant| &variant.profile));
        match rule.container {
            Some(_) => {
                of_pod.or_else(|| others.into_iter().find_map(|other| other.options(rule.id)))
            }
            None => of_pod,
        }
    }

    /// The overrides of a container, in the order of the file.
    #[must_use]
    pub fn overrides(&self, container: Container<'_>) -> &[&'s Override] {
        self.variant_of(container)
            .map_or(&[], |variant| &variant.overrides)
    }

    /// What the pod's author asks for, each with the rule's id: first what is granted.
    #[must_use]
    pub fn asked(&self) -> &[(&'static str, Exception<'s>)] {
        &self.said
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
        for asking in &self.asked.rules {
            if asking.exception.granted == Granted::ByAuthor {
                self.profile.to_mut().switch_off(asking.rule);
            }
        }
    }

    /// Works out the variants of the containers, by the overrides that are for the pod.
    fn apply(&mut self, selected: &[&'s Override], settings: &Settings, pod: Pod<'s>) {
        let mut any = vec![false; selected.len()];
        for container in pod.containers().chain(pod.new_ephemeral_containers(&[])) {
            let name = container.spec.image.as_deref().unwrap_or_default();
            let image = Image::parse(name, settings.mirrors());
            let mut overrides = Vec::new();
            for (other, any) in selected.iter().zip(&mut any) {
                if other.selects.match_container(container, &image) {
                    overrides.push(*other);
                    *any = true;
                }
            }
            let variant = self.variant(overrides);
            if let Some(list) = self.lists.get_mut(list(container.kind)) {
                list.push(variant);
            }
        }
        // What is said of the pod as a whole follows every override of a container of it, in the order of the file.
        let of_pod = selected.iter().zip(any).filter(|(_, any)| *any);
        self.of_pod = self.variant(of_pod.map(|(other, _)| *other).collect());
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
            if !(is_switch && self.asked.is_granted(change.rule)) {
                profile.take(change, Lists::AreAddedTo);
            }
        }
        self.variants.push(Variant { overrides, profile });
        Some(self.variants.len() - 1)
    }

    /// Whether a rule is on somewhere in the pod, or would be if its author had asked for nothing.
    fn would_be_on(&self, rule: &Rule, profile: &Profile) -> bool {
        let overrides = self.variants.iter().flat_map(|variant| &variant.overrides);
        let mut changes = overrides.flat_map(|other| other.changes());
        profile.options(rule.id).is_some()
            || changes
                .any(|change| change.rule.id == rule.id && matches!(change.to, To::Enabled(true)))
    }

    fn variant_of(&self, container: Container<'_>) -> Option<&Variant<'s>> {
        let of_list = self.lists.get(list(container.kind))?;
        self.variants.get((*of_list.get(container.index)?)?)
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
        let Some(Variant { overrides, profile }) = variant else {
            return found;
        };
        for other in overrides {
            for change in other.changes() {
                let rule = change.rule;
                let exception = Exception {
                    granted: Granted::ByOverride,
                    words: other.reason(),
                };
                let is_other = profile.options(rule.id) != self.profile.options(rule.id);
                let in_force = profile.setting(rule);
                let has_part = in_force.is_some_and(|setting| setting.is_from(change.from));
                if looks(rule) && is_other && has_part && !found.contains(&(rule.id, exception)) {
                    found.push((rule.id, exception));
                }
            }
        }
        found
    }
}

/// The list of the spec that containers of a kind are in.
fn list(kind: ContainerKind) -> usize {
    match kind {
        ContainerKind::Init | ContainerKind::Sidecar => 0,
        ContainerKind::Regular => 1,
        ContainerKind::Ephemeral => 2,
    }
}
