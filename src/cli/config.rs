//! `pod-hardener config`: what is wrong with a configuration, and what it comes to.

use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::json;

use crate::config::{Effective, Profile, Settings, schema, show, show_profiles};
use crate::object::{Object, Template};

/// What the embedded configuration is called.
const EMBEDDED: &str = "embedded defaults.toml";

/// The commands of `config`.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say all that is wrong with a configuration. Exit code 1 where something is.
    Check {
        /// The configuration; `-` reads it from stdin. The embedded one where none is given.
        file: Option<PathBuf>,
    },
    /// Print every value in force, and the lines that it comes from: without further arguments, as a configuration that comes to
    /// the same.
    Show(Show),
    /// Print the grammar as JSON Schema, by which editors complete and check.
    Schema,
}

/// Arguments of `config show`. With a namespace, an image or the like, overrides are laid over the profiles as they are for a
/// container like that, of which nothing else is known.
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The configuration; `-` reads it from stdin. The embedded one where none is given.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One profile, instead of all.
    #[arg(long)]
    profile: Option<String>,
    /// A container in this namespace; `default` where another argument describes a container and this one is not given.
    #[arg(long)]
    namespace: Option<String>,
    /// A container that runs this image.
    #[arg(long)]
    image: Option<String>,
    /// A container of this name.
    #[arg(long)]
    container: Option<String>,
    /// A pod with this label; may be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = label)]
    pod_label: Vec<(String, String)>,
    /// A pod that this kind makes.
    #[arg(long, value_name = "KIND")]
    owner_kind: Option<String>,
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("a label is given as KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Runs one of the commands.
pub(super) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check { file } => check(file.as_deref()),
        Command::Show(args) => print_effective(args),
        Command::Schema => {
            let text = serde_json::to_string_pretty(&schema())?;
            writeln!(std::io::stdout(), "{text}")?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(file: Option<&Path>) -> anyhow::Result<ExitCode> {
    let (name, text) = read(file)?;
    let settings = match Settings::parse(&text, &name) {
        Ok(settings) => settings,
        Err(error) => {
            let mut stderr = std::io::stderr();
            // https://no-color.org
            let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let drawn = error.draw(stderr.is_terminal() && !plain);
            let problems = match error.problems().len() {
                1 => "1 problem".to_owned(),
                n => format!("{n} problems"),
            };
            writeln!(stderr, "{drawn}\n\n{name}: refused, {problems}")?;
            return Ok(ExitCode::from(1));
        }
    };
    let profiles: Vec<&str> = settings.profile_names().collect();
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{name}: accepted, version {}", settings.version())?;
    writeln!(stdout, "  profiles   {}", profiles.join(", "))?;
    writeln!(stdout, "  overrides  {}", settings.overrides().len())?;
    if !settings.enabled() {
        writeln!(stdout, "  enabled    no: nothing is hardened")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print_effective(args: Show) -> anyhow::Result<ExitCode> {
    let (name, text) = read(args.config.as_deref())?;
    let settings = super::parse(&text, &name)?;
    let profiles: Vec<&Profile> = match &args.profile {
        None => settings.profiles().iter().collect(),
        Some(wanted) => match settings.profile(wanted) {
            Some(profile) => vec![profile],
            None => {
                let known: Vec<&str> = settings.profile_names().collect();
                let known = known.join(", ");
                bail!("--profile: there is no `{wanted}` in {name}; it has {known}");
            }
        },
    };
    let text = if args.selects() {
        let pod = args.pod().to_string();
        let object: Object<'_> = serde_json::from_str(&pod)?;
        let pod = Template::Itself.pod(&object);
        let pod = pod.context("the pod that the arguments describe has no spec")?;
        let namespace = args.namespace.as_deref().unwrap_or("default");
        let container = pod.containers().next();
        let container = container.context("the pod that the arguments describe is empty")?;
        let effective: Vec<Effective<'_>> = profiles
            .iter()
            .map(|profile| Effective::new(&settings, profile, pod, namespace))
            .collect();
        let profiles: Vec<_> = effective
            .iter()
            .map(|effective| (effective.of(container), effective.overrides(container)))
            .collect();
        show_profiles(&settings, &name, &profiles)
    } else if args.profile.is_some() {
        let profiles: Vec<_> = profiles
            .iter()
            .map(|profile| (*profile, [].as_slice()))
            .collect();
        show_profiles(&settings, &name, &profiles)
    } else {
        show(&settings, &name)
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

impl Show {
    fn selects(&self) -> bool {
        let Self {
            config: _,
            profile: _,
            namespace,
            image,
            container,
            pod_label,
            owner_kind,
        } = self;
        let given = [namespace, image, container, owner_kind];
        !pod_label.is_empty() || given.into_iter().any(Option::is_some)
    }

    /// A pod of one container, like the one that is asked for.
    fn pod(&self) -> serde_json::Value {
        let labels: serde_json::Map<_, _> = self
            .pod_label
            .iter()
            .map(|(key, value)| (key.clone(), json!(value)))
            .collect();
        let owner = self
            .owner_kind
            .as_ref()
            .map(|kind| json!({"kind": kind, "name": "", "controller": true}));
        let owners: Vec<_> = owner.into_iter().collect();
        json!({
            "kind": "Pod",
            "metadata": {"labels": labels, "ownerReferences": owners},
            "spec": {"containers": [{"name": self.container, "image": self.image}]},
        })
    }
}

/// A configuration's text, and what it is called.
fn read(file: Option<&Path>) -> anyhow::Result<(String, String)> {
    match file {
        None => Ok((EMBEDDED.to_owned(), crate::config::EMBEDDED.to_owned())),
        Some(file) if file == Path::new("-") => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .context("cannot read the configuration from stdin")?;
            Ok(("stdin".to_owned(), text))
        }
        Some(file) => Ok((file.display().to_string(), super::read(file)?)),
    }
}
