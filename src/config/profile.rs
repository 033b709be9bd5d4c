//! A profile: every rule's switch and options, each with where it was said.

use std::sync::Arc;

use crate::rule::{Options, Rule, Value};
use crate::rules::RULES;

/// Where a value was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// By nobody: the rule's own default.
    Default,
    /// In this line of the configuration, from 1.
    Line(usize),
    /// In this line of the shipped `defaults.toml`, of which a profile is extended.
    Shipped(usize),
    /// In this line of the configuration, by an override.
    Override(usize),
}

/// A value, and where it was said.
#[derive(Clone, Debug)]
pub struct Said<T> {
    /// The value.
    pub value: T,
    /// Where it was said.
    pub from: Origin,
}

impl<T> Said<T> {
    /// The value that nobody said.
    pub(super) fn by_nobody(value: T) -> Self {
        Self {
            value,
            from: Origin::Default,
        }
    }
}

/// One rule in a profile.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The rule.
    pub rule: &'static Rule,
    /// Whether it is on.
    pub enabled: Said<bool>,
    /// Its options.
    pub options: Options,
    /// Where each of them was said, in the order of [`Rule::keys`]: a list by everybody who added to it.
    pub from: Vec<Vec<Origin>>,
}

impl Setting {
    fn default_of(rule: &'static Rule) -> Self {
        Self {
            rule,
            enabled: Said::by_nobody(false),
            options: Options::new(
                rule.keys
                    .iter()
                    .map(|key| key.kind.default_value())
                    .collect(),
            ),
            from: vec![vec![Origin::Default]; rule.keys.len()],
        }
    }

    /// Whether something of it was said there.
    pub(super) fn is_from(&self, origin: Origin) -> bool {
        self.enabled.from == origin || self.from.iter().flatten().any(|from| *from == origin)
    }

    fn take(&mut self, change: &Change, lists: Lists) {
        match &change.to {
            To::Enabled(enabled) => {
                self.enabled = Said {
                    value: *enabled,
                    from: change.from,
                };
            }
            To::Value(key, value) => {
                let Some(from) = self.from.get_mut(*key) else {
                    return;
                };
                match (value, lists) {
                    (Value::Names(names), Lists::AreAddedTo) => {
                        self.options.merge(*key, names);
                        from.push(change.from);
                    }
                    _ => {
                        self.options.set(*key, value.clone());
                        *from = vec![change.from];
                    }
                }
            }
        }
    }
}

/// What a list does to the one that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lists {
    /// It is added to it, and an entry that begins with `!` takes one away.
    AreAddedTo,
    /// It takes its place.
    AreReplaced,
}

/// A change of one value of a rule.
#[derive(Clone, Debug)]
pub struct Change {
    /// The rule.
    pub rule: &'static Rule,
    pub(super) to: To,
    pub(super) from: Origin,
    /// Where in its text the value is, in bytes.
    pub(super) span: std::ops::Range<usize>,
}

/// What is changed.
#[derive(Clone, Debug)]
pub(super) enum To {
    /// The switch.
    Enabled(bool),
    /// The option at a position of [`Rule::keys`].
    Value(usize, Value),
}

/// The rules that a label switches on, and their options.
#[derive(Clone, Debug)]
pub struct Profile {
    pub(super) name: String,
    pub(super) extends: Option<String>,
    /// The rules that an author may except a pod from.
    pub(super) may_except: Said<Vec<&'static Rule>>,
    /// Shared, so that a copy that an override changes costs no more than what is changed.
    settings: Vec<Arc<Setting>>,
}

impl Profile {
    /// A profile in which every rule is off.
    pub(super) fn empty(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            extends: None,
            may_except: Said::by_nobody(Vec::new()),
            settings: RULES
                .iter()
                .map(|rule| Arc::new(Setting::default_of(rule)))
                .collect(),
        }
    }

    /// Its name: the label's value, and the last part of the webhook's path.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The profile that it extends, if any.
    #[must_use]
    pub fn extends(&self) -> Option<&str> {
        self.extends.as_deref()
    }

    /// The rules that an author may except a pod from.
    #[must_use]
    pub fn may_except(&self) -> &Said<Vec<&'static Rule>> {
        &self.may_except
    }

    /// Every rule's setting, in the order of [`crate::rules::RULES`].
    pub fn settings(&self) -> impl Iterator<Item = &Setting> {
        self.settings.iter().map(|setting| &**setting)
    }

    /// The rules that are on, in the order of [`crate::rules::RULES`].
    pub fn rules(&self) -> impl Iterator<Item = (&'static Rule, &Options)> {
        let on = self.settings.iter().filter(|setting| setting.enabled.value);
        on.map(|setting| (setting.rule, &setting.options))
    }

    /// The options of the rule called `id`; `None` where the rule is off.
    #[must_use]
    pub fn options(&self, id: &str) -> Option<&Options> {
        let setting = self.settings.iter().find(|setting| setting.rule.id == id)?;
        setting.enabled.value.then_some(&setting.options)
    }

    /// The same profile, by which no author may except a pod from anything.
    #[must_use]
    pub fn without_exceptions(&self) -> Self {
        Self {
            may_except: Said::by_nobody(Vec::new()),
            ..self.clone()
        }
    }

    /// The same profile with its rules in the opposite order, which must make no difference.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        self.settings.reverse();
        self
    }

    /// The setting of a rule.
    pub(super) fn setting(&self, rule: &Rule) -> Option<&Setting> {
        self.settings().find(|setting| setting.rule.id == rule.id)
    }

    /// Switches a rule off, whatever was said of it.
    pub(super) fn switch_off(&mut self, rule: &Rule) {
        if let Some(setting) = self.setting_mut(rule) {
            setting.enabled.value = false;
        }
    }

    /// Takes one change over.
    pub(super) fn take(&mut self, change: &Change, lists: Lists) {
        if let Some(setting) = self.setting_mut(change.rule) {
            setting.take(change, lists);
        }
    }

    fn setting_mut(&mut self, rule: &Rule) -> Option<&mut Setting> {
        let mut settings = self.settings.iter_mut();
        let setting = settings.find(|setting| setting.rule.id == rule.id)?;
        Some(Arc::make_mut(setting))
    }
}
