//! Comments that ask for silence, and what is wrong with them.

use super::item::{Class, Excerpt, Item, fingerprint};
use super::plain;
use crate::finding::Severity;
use crate::manifest::{Ignore, Manifest};
use crate::rules::find;

/// Leaves out what comments ask to be silent about, and tells of comments that are wrong or of no use; how many are left out.
pub fn ignores(file: &str, manifest: &Manifest<'_>, items: &mut Vec<Item>) -> usize {
    items.sort_by_key(|item| item.at);
    let mut silent = vec![false; items.len()];
    let mut wrong = Vec::new();
    for ignore in &manifest.ignores() {
        let mut complain =
            |message: String| wrong.push(of_comment(file, manifest, ignore, message));
        if ignore.reason.is_empty() {
            complain("the comment gives no reason: write `-- <reason>` behind the rule".to_owned());
            continue;
        }
        if ignore.rules.is_empty() {
            complain("the comment names no rule".to_owned());
        }
        let before = |byte: usize| items.partition_point(|item| item.at.byte < byte);
        let (from, to) = (before(ignore.about.start), before(ignore.about.end));
        for name in &ignore.rules {
            if find(name).is_none() {
                complain(format!("there is no rule `{name}`"));
                continue;
            }
            let meant = items.iter().zip(&mut silent).take(to).skip(from);
            let meant = meant.filter(|(item, silent)| item.rule_id() == name && !**silent);
            let silenced = meant.map(|(_, silent)| *silent = true).count();
            if silenced == 0 {
                complain(format!("{name} has nothing to say here"));
            }
        }
    }
    let silenced = silent.iter().filter(|silent| **silent).count();
    let mut silent = silent.into_iter();
    items.retain(|_| !silent.next().unwrap_or_default());
    items.extend(wrong);
    items.sort_by_key(|item| item.at);
    silenced
}

fn of_comment(file: &str, manifest: &Manifest<'_>, ignore: &Ignore, message: String) -> Item {
    let at = ignore.at;
    let line_end = manifest.places().line_of(at.byte).end;
    let message = plain(&message).into_owned();
    let mut item = Item {
        file: file.to_owned(),
        at,
        excerpt: Excerpt::new(manifest, at.byte..line_end),
        rule: None,
        class: Class::Ignore,
        severity: Severity::Warning,
        object: String::new(),
        container: None,
        fields: Vec::new(),
        message,
        fingerprint: String::new(),
        position: 0,
        fix: Vec::new(),
    };
    item.fields.push((item.message.clone(), String::new()));
    item.fingerprint = fingerprint(&item);
    item.fields.clear();
    item
}
