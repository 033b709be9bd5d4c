//! What the pages of installation and operation say to type is what the chart takes.

use std::fs;
use std::process::Command;

use libtest_mimic::Failed;

use crate::helm::{Helm, root};
use crate::yaml;

/// Every line `helm install` and `helm upgrade` of the pages is rendered with its values, and every example in YAML is YAML.
pub(super) fn commands() -> Result<(), Failed> {
    let page = fs::read_to_string(root().join("docs/install.md"))?;
    let operations = fs::read_to_string(root().join("docs/operations.md"))?;
    let scripts = [&page, &operations].map(|page| blocks(page, "sh"));
    let helm = Helm::of("HELM4")?;
    let folder = tempfile::tempdir()?;
    // The files that the commands name.
    for (name, text) in [
        ("hardener.toml", "version = 1"),
        ("ca.pem", "-----BEGIN CERTIFICATE-----"),
    ] {
        fs::write(folder.path().join(name), text)?;
    }
    let mut rendered = 0;
    for command in scripts.join("\n").replace("\\\n", " ").lines() {
        if !command.starts_with("helm install ") && !command.starts_with("helm upgrade ") {
            continue;
        }
        let mut values = Vec::new();
        let mut words = words(command)?.into_iter().skip(4);
        while let Some(word) = words.next() {
            match word.as_str() {
                "-n" | "--namespace" => assert_eq!(words.next().as_deref(), Some("pod-hardener")),
                "--create-namespace" | "--reset-then-reuse-values" | "--force-conflicts" => {}
                "--set" | "--set-string" => values.extend([word, words.next().unwrap_or_default()]),
                "--set-file" => {
                    let value = words.next().unwrap_or_default();
                    let path = format!("={}/", folder.path().display());
                    values.extend([word, value.replacen('=', &path, 1)]);
                }
                other => return Err(format!("{command}: nothing is known of {other}").into()),
            }
        }
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        helm.template(&values)?;
        rendered += 1;
    }
    assert!(rendered >= 11, "only {rendered} commands were found");
    let examples = yaml::documents(&blocks(&page, "yaml"))?;
    let kinds: Vec<_> = examples.iter().map(|example| &example["kind"]).collect();
    assert_eq!(kinds, ["Application", "OCIRepository", "HelmRelease"]);
    Ok(())
}

/// The blocks of code in a language, as documents of YAML are separated.
fn blocks(page: &str, language: &str) -> String {
    let begin = format!("\n```{language}\n");
    let blocks = page.split(&begin).skip(1);
    let blocks = blocks.filter_map(|rest| Some(rest.split_once("\n```")?.0));
    blocks.collect::<Vec<_>>().join("\n---\n")
}

/// The words of a command, as a shell reads them.
fn words(command: &str) -> Result<Vec<String>, Failed> {
    let script = format!("set -f; printf '%s\\n' {command}");
    let words = Command::new("sh").args(["-c", &script]).output()?;
    let words = String::from_utf8(words.stdout)?;
    Ok(words.lines().map(str::to_owned).collect())
}
