//! The columns of the matrix: the ways of hardening, each a label's value that leads to a profile of one of three servers.

use std::fs;
use std::path::Path;

use anyhow::Context;
use pod_hardener::rules::RULES;
use wildmatch::WildMatch;

use crate::node::{Entry, Node, Server, register};
use crate::workloads;

use super::workload::Workload;

/// How much is asked of a workload in a column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Its job, and a second round.
    Short,
    /// Work under load, a restart, a reload and its end too.
    Full,
}

/// A column.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) what: String,
    pub(super) depth: Depth,
    /// The server and its profile; none for pods as they are written.
    profile: Option<(usize, String)>,
}

impl Column {
    /// The value of the label of its namespaces.
    pub(super) fn label(&self) -> Option<&str> {
        self.profile.is_some().then_some(self.name.as_str())
    }

    pub(super) fn kept(&self) -> workloads::Column {
        workloads::Column {
            name: self.name.clone(),
            what: self.what.clone(),
        }
    }
}

/// The name of the column without a label.
pub(super) const AS_WRITTEN: &str = "as-written";

/// Every column; the one as written first.
pub(super) fn all() -> Vec<Column> {
    let full = |name: &str, what: &str, profile| Column {
        name: name.to_owned(),
        what: what.to_owned(),
        depth: Depth::Full,
        profile,
    };
    let profile = |server, name: &str| Some((server, name.to_owned()));
    let mut columns = vec![
        full(AS_WRITTEN, "no label", None),
        full(
            "compatible",
            "the shipped profile",
            profile(0, "compatible"),
        ),
        full(
            "compatible-userns",
            "`compatible` with `user-namespace.enabled = true`",
            profile(1, "compatible-userns"),
        ),
        full(
            "restricted",
            "the shipped profile",
            profile(0, "restricted"),
        ),
        full("strict", "the shipped profile", profile(0, "strict")),
        full(
            "strict-overrides",
            "`strict` with `examples/overrides.toml`",
            profile(2, "strict"),
        ),
    ];
    columns.extend(RULES.iter().map(|rule| Column {
        name: format!("only-{}", rule.id),
        what: format!("`strict` without any rule but `{}`", rule.id),
        depth: Depth::Short,
        profile: profile(1, &format!("only-{}", rule.id)),
    }));
    columns
}

/// Starts the servers of the columns, and registers them. They end with what is returned.
pub(super) fn serve(
    node: &Node,
    columns: &[Column],
    workloads: &[Workload],
) -> anyhow::Result<Vec<Server>> {
    let (own, overridden) = (
        node.work().join("own.toml"),
        node.work().join("overridden.toml"),
    );
    fs::write(&own, own_profiles())?;
    fs::write(&overridden, overrides(workloads)?)?;
    let configs = [None, Some(own.as_path()), Some(overridden.as_path())];
    let mut servers = Vec::new();
    for (config, port) in configs.into_iter().zip((8443..).step_by(2)) {
        servers.push(Server::start(node.plane(), node.work(), port, config)?);
    }
    let entries: Vec<Entry<'_>> = columns
        .iter()
        .filter_map(|column| {
            let (server, profile) = column.profile.as_ref()?;
            Some(Entry {
                label: &column.name,
                profile,
                server: &servers[*server],
            })
        })
        .collect();
    register(node.plane(), node.work(), &entries)?;
    Ok(servers)
}

/// Profiles of the rig's own: `compatible` with a user namespace, and each rule alone, as hard as `strict` has it.
fn own_profiles() -> String {
    let mut text = "version = 1\n[profiles.compatible-userns]\nextends = \"compatible\"\n\
                    user-namespace.enabled = true\nuser-namespace.when = \"auto\"\n"
        .to_owned();
    for alone in RULES {
        text += &format!("[profiles.only-{}]\nextends = \"strict\"\n", alone.id);
        for rule in RULES {
            text += &format!("{}.enabled = {}\n", rule.id, rule.id == alone.id);
        }
    }
    text
}

/// `examples/overrides.toml`, in which an override for a public image holds for the workload that is like it too.
fn overrides(workloads: &[Workload]) -> anyhow::Result<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/overrides.toml");
    let Ok(text) = fs::read_to_string(&file) else {
        return Ok("version = 1\n".to_owned());
    };
    let mut config: toml::Table =
        toml::from_str(&text).with_context(|| file.display().to_string())?;
    let overrides = config
        .get_mut("overrides")
        .and_then(toml::Value::as_array_mut);
    for images in overrides
        .into_iter()
        .flatten()
        .filter_map(|one| one.get_mut("images"))
    {
        let Some(images) = images.as_array_mut() else {
            continue;
        };
        let globs: Vec<WildMatch> = images
            .iter()
            .filter_map(toml::Value::as_str)
            .map(WildMatch::new)
            .collect();
        let matches = |image: &str| globs.iter().any(|glob| glob.matches(image));
        let also: Vec<toml::Value> = workloads
            .iter()
            .filter(|workload| {
                workload
                    .meta
                    .like
                    .first()
                    .is_some_and(|image| matches(image))
            })
            .map(|workload| format!("localhost/pod-hardener/{}", workload.name).into())
            .collect();
        images.extend(also);
    }
    Ok(toml::to_string(&config)?)
}
