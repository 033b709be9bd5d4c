//! `pod-hardener explain`: all that there is to know of one rule.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::config::{EXCEPT, Effective, Settings};
use crate::object::{Object, Template};
use crate::plan::{Facts, Plan, Scope};
use crate::rule::{Rule, Verdict};
use crate::rules::{RULES, find};

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The rule's id, as reports have it.
    rule: String,
}

/// A pod that says nothing.
const SILENT: &str =
    r#"{"spec": {"containers": [{"name": "web", "image": "registry.example/web:1.0"}]}}"#;

/// Prints what the rule is, why, what it sets, when it does not, and how to be excepted from it.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Some(rule) = find(&args.rule) else {
        let known: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
        bail!(
            "there is no rule `{}`: there are {}",
            args.rule,
            known.join(", ")
        );
    };
    let id = rule.id;
    let practice = match rule.practice {
        Some(number) => format!("Practice {number}: it {}.", rule.summary),
        None => format!("Beside the ten practices: it {}.", rule.summary),
    };
    let mut text = super::rules::section(rule).trim_start().replacen(
        "\n\n",
        &format!("\n\n{practice}\n\n"),
        1,
    );
    text += "\nWhat it makes of a pod that says nothing:\n\n";
    text += &sets(rule)?;
    text += &format!(
        "\nTo be excepted from it:\n\n\
         - of one pod: the annotation `{EXCEPT}{id}: <reason>`, where the profile lets authors except it\n\
         - of many: `[[overrides]]` with `reason`, a selector and `{id}.enabled = false` in the configuration\n\
         - in the reports of `check` alone: the comment `# pod-hardener:ignore {id} -- <reason>`\n"
    );
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// What the rule sets by each profile of the embedded configuration.
fn sets(rule: &Rule) -> anyhow::Result<String> {
    let settings = Settings::embedded();
    let object: Object<'_> = serde_json::from_str(SILENT)?;
    let pod = Template::Itself
        .pod(&object)
        .context("the pod has no spec")?;
    let facts = Facts::default();
    let mut text = String::new();
    for profile in settings.profiles() {
        let effective = Effective::plain(profile);
        let plan = Plan::new(pod, "default", Scope::Creation, &effective, &facts);
        let findings = plan
            .findings()
            .iter()
            .filter(|finding| finding.rule == rule.id);
        let set: Vec<String> = findings
            .filter_map(|finding| match &finding.verdict {
                Verdict::Set(field, json) if field.is_list() => Some(format!("{json} in {field}")),
                Verdict::Set(field, json) => Some(format!("{field}: {json}")),
                _ => None,
            })
            .collect();
        let set = if set.is_empty() {
            "nothing".to_owned()
        } else {
            set.join(", ")
        };
        text += &format!("- {}: {set}\n", profile.name());
    }
    Ok(text)
}
