//! The files that commands work on: which, read and written how, and several at a time.

mod input;
mod parallel;
mod write;

use std::num::NonZero;
use std::path::PathBuf;

use anyhow::Context;

use crate::cluster::{self, KINDS, Manifested};
use crate::config::{Profile, Settings};
use crate::manifest::Manifest;
use crate::plan::Facts;

pub(super) use input::Input;
pub(super) use parallel::each;
pub(super) use write::replace;

/// Arguments of every command on files.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// YAML and JSON files, and folders with such files in them; `-` reads stdin.
    #[arg(default_value = "-")]
    paths: Vec<PathBuf>,
    /// The profile to work by.
    #[arg(long, default_value = "restricted")]
    profile: String,
    /// The namespace of objects that name none.
    #[arg(long, short = 'n', default_value = "default")]
    pub(super) namespace: String,
    /// Files and folders that say something of the cluster, and are not worked on: the whole repository, where a hook is given what
    /// has changed. May be repeated.
    #[arg(long, value_name = "PATH")]
    beside: Vec<PathBuf>,
    /// The configuration; the embedded one where none is given.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What is known of the cluster beside what the files say, as `pod-hardener facts export` wrote it.
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
    /// Look into what .gitignore names too.
    #[arg(long)]
    no_ignore: bool,
    /// What stdin is called in reports.
    #[arg(long, value_name = "NAME", default_value = "stdin")]
    stdin_filename: String,
    /// How many files are worked on at a time; as many as there are processors where it is not given.
    #[arg(long, short = 'j', value_name = "N")]
    jobs: Option<NonZero<usize>>,
}

/// What a command works on and by.
#[derive(Debug)]
pub(super) struct Task {
    /// The files, in order.
    pub(super) inputs: Vec<Input>,
    pub(super) settings: Settings,
    profile: String,
    pub(super) namespace: String,
    pub(super) facts: Facts,
    pub(super) jobs: usize,
}

impl Task {
    /// Finds the files, and reads what they say of the cluster.
    pub(super) fn new(args: &Which) -> anyhow::Result<Self> {
        let settings = super::settings(args.config.as_deref())?;
        if settings.profile(&args.profile).is_none() {
            let known: Vec<&str> = settings.profile_names().collect();
            let (wanted, known) = (&args.profile, known.join(", "));
            anyhow::bail!("--profile: there is no `{wanted}` in the configuration; it has {known}");
        }
        let inputs = input::find(&args.paths, !args.no_ignore, &args.stdin_filename)?;
        let all = std::thread::available_parallelism().map_or(1, NonZero::get);
        let mut task = Self {
            inputs,
            settings,
            profile: args.profile.clone(),
            namespace: args.namespace.clone(),
            facts: Facts::default(),
            jobs: args.jobs.map_or(all, NonZero::get),
        };
        let of_cluster = args.facts.as_deref().map(super::facts::read).transpose()?;
        let beside = input::find(&args.beside, !args.no_ignore, &args.stdin_filename)?;
        let of_files = task.manifested(&beside);
        task.facts = match of_cluster {
            Some(of_cluster) => cluster::combined(of_cluster, &of_files),
            None => of_files,
        };
        Ok(task)
    }

    /// The profile.
    pub(super) fn profile(&self) -> anyhow::Result<&Profile> {
        let profile = self.settings.profile(&self.profile);
        profile.with_context(|| format!("there is no profile {}", self.profile))
    }

    /// What the files, and those beside them, say of the cluster. One that cannot be read says nothing here: of the files it is named
    /// when its turn comes, and of those beside them now, since they have none.
    fn manifested(&self, beside: &[Input]) -> Facts {
        let mut all = Manifested::default();
        let read = |input: &Input| self.said_by(input);
        each(&self.inputs, self.jobs, read, |_, (found, _)| {
            all.add(found);
        });
        each(beside, self.jobs, read, |input, (found, unread)| {
            all.add(found);
            if let Some(why) = unread {
                say_unread(input, &why);
            }
        });
        all.facts()
    }

    /// What a file says of the cluster, and why it could not be read, if it could not.
    fn said_by(&self, input: &Input) -> (Manifested, Option<String>) {
        let mut found = Manifested::default();
        let text = match input.read() {
            Ok(text) => text,
            Err(error) => return (found, Some(format!(": {error:#}"))),
        };
        // Most files speak of nothing else than pods.
        if KINDS.iter().any(|kind| text.contains(kind)) {
            match Manifest::read(&text) {
                Ok(manifest) => {
                    let objects = manifest.objects();
                    objects.for_each(|(kind, object)| found.take(kind, object, &self.namespace));
                }
                Err(flaw) => return (found, Some(format!(":{flaw}"))),
            }
        }
        (found, None)
    }
}

#[expect(
    clippy::print_stderr,
    reason = "what could not be read is said on stderr"
)]
fn say_unread(input: &Input, why: &str) {
    let line = format!("{}{why}", input.name());
    eprintln!(
        "warning: {}: what it says of the cluster is not known",
        crate::report::plain(&line)
    );
}

/// What may be the matter with a text that is not YAML.
pub(super) fn hint(text: &str) -> &'static str {
    match text.contains("{{") {
        true => {
            " (a template? pipe what it renders to, as `helm template` does, into `pod-hardener harden -`)"
        }
        false => "",
    }
}
