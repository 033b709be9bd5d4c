//! Which files there are.

use std::borrow::Cow;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use ignore::WalkBuilder;

use crate::report::plain;

/// The endings of files that are taken out of folders.
const ENDINGS: [&str; 3] = ["json", "yaml", "yml"];

/// A text to work on.
#[derive(Clone, Debug)]
pub(in super::super) enum Input {
    /// What came on stdin, and its name.
    Stdin(String, String),
    /// A file.
    File(PathBuf),
}

impl Input {
    /// What it is called, as it can be shown: with `/` between the names of folders, and `?` for what moves or turns text.
    pub(in super::super) fn name(&self) -> Cow<'_, str> {
        let name = match self {
            Self::Stdin(name, _) => Cow::Borrowed(name.as_str()),
            Self::File(path) => path.to_string_lossy(),
        };
        match plain(&name) {
            Cow::Borrowed(_) => name,
            Cow::Owned(plain) => Cow::Owned(plain),
        }
    }

    /// The text.
    pub(in super::super) fn read(&self) -> anyhow::Result<Cow<'_, str>> {
        match self {
            Self::Stdin(_, text) => Ok(Cow::Borrowed(text)),
            Self::File(path) => {
                let bytes = std::fs::read(path).context("cannot be read")?;
                let text = String::from_utf8(bytes);
                let text = text.map_err(|error| {
                    let at = error.utf8_error().valid_up_to();
                    anyhow::anyhow!("is not UTF-8 from byte {at} on")
                });
                Ok(Cow::Owned(text?))
            }
        }
    }
}

/// The files among `paths` and in the folders among them, sorted within each.
pub(super) fn find(paths: &[PathBuf], ignoring: bool, stdin: &str) -> anyhow::Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for path in paths {
        if path == Path::new("-") {
            let mut bytes = Vec::new();
            std::io::stdin()
                .read_to_end(&mut bytes)
                .context("cannot read stdin")?;
            let text = String::from_utf8(bytes).context("stdin is not UTF-8")?;
            inputs.push(Input::Stdin(stdin.to_owned(), text));
        } else if path.is_dir() {
            let mut files = in_folder(path, ignoring)?;
            files.sort();
            inputs.extend(files.into_iter().map(Input::File));
        } else if path.exists() {
            inputs.push(Input::File(path.clone()));
        } else {
            bail!("there is no file {}", path.display());
        }
    }
    Ok(inputs)
}

/// The YAML and JSON files below a folder. Templates of Helm charts are not YAML yet: they are left out, which is said.
fn in_folder(folder: &Path, ignoring: bool) -> anyhow::Result<Vec<PathBuf>> {
    let mut walk = WalkBuilder::new(folder);
    walk.standard_filters(ignoring)
        .hidden(true)
        .require_git(false)
        .parents(ignoring);
    walk.filter_entry(|entry| !is_templates_of_a_chart(entry.path()));
    let mut files = Vec::new();
    for entry in walk.build() {
        let entry =
            entry.with_context(|| format!("cannot read the folder {}", folder.display()))?;
        let path = entry.into_path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        if ending.is_some_and(|ending| ENDINGS.contains(&ending)) && path.is_file() {
            files.push(path);
        }
    }
    Ok(files)
}

#[expect(clippy::print_stderr, reason = "what is left out is said")]
fn is_templates_of_a_chart(path: &Path) -> bool {
    let is = path.ends_with("templates")
        && path.is_dir()
        && path
            .parent()
            .is_some_and(|chart| chart.join("Chart.yaml").is_file());
    if is {
        eprintln!(
            "{}: left out, since these are templates: pipe `helm template` into `pod-hardener harden -`",
            path.display()
        );
    }
    is
}
