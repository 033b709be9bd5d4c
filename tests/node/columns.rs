//! The columns of the matrix: the ways of hardening, each a label's value that leads to a profile of one of several servers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use pod_hardener::rules::RULES;
use toml::{Table, Value};

use crate::node::{Entry, Node, Server, register};
use crate::overrides;
use crate::workloads;

use super::workload::Workload;

/// How much is asked of a workload in a column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Its job, and a second round.
    Short,
    /// Temporary files, work under load, a restart, a reload and its end too.
    Full,
}

/// The configuration of a server.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Config {
    /// The one that is compiled in.
    Shipped,
    /// Profiles of the rig's own.
    Own,
    /// `examples/overrides.toml`.
    Overrides,
    /// The same without the nth setting of each entry.
    Without(usize),
}

/// A column.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) what: String,
    pub(super) depth: Depth,
    /// The server and its profile; none for pods as they are written.
    profile: Option<(Config, String)>,
    /// What is taken from a workload's override; nothing where the column is for all workloads.
    lacks: Option<BTreeMap<String, String>>,
}

impl Column {
    /// The value of the label of its namespaces.
    pub(super) fn label(&self) -> Option<&str> {
        self.profile.is_some().then_some(self.name.as_str())
    }

    /// Whether there is a cell of a workload.
    pub(super) fn is_for(&self, workload: &Workload) -> bool {
        let lacks = self.lacks.as_ref();
        lacks.is_none_or(|lacks| lacks.contains_key(&workload.name))
    }

    /// The setting that a workload's override lacks here.
    pub(super) fn lacks(&self, workload: &Workload) -> Option<&str> {
        let setting = self.lacks.as_ref()?.get(&workload.name)?;
        Some(setting)
    }

    /// As it is kept; nothing for one that is about some workloads only.
    pub(super) fn kept(&self) -> Option<workloads::Column> {
        self.lacks.is_none().then(|| workloads::Column {
            name: self.name.clone(),
            what: self.what.clone(),
        })
    }
}

/// The name of the column without a label.
pub(super) const AS_WRITTEN: &str = "as-written";

/// Every column; the one as written first, and those without a setting last.
pub(super) fn all(workloads: &[Workload]) -> anyhow::Result<Vec<Column>> {
    let shipped = "the shipped profile";
    let full = [
        (AS_WRITTEN, "no label", None),
        ("compatible", shipped, Some((Config::Shipped, "compatible"))),
        (
            "compatible-userns",
            "`compatible` with `user-namespace.enabled = true`",
            Some((Config::Own, "compatible-userns")),
        ),
        ("restricted", shipped, Some((Config::Shipped, "restricted"))),
        ("strict", shipped, Some((Config::Shipped, "strict"))),
        (
            "strict-overrides",
            "`strict` with `examples/overrides.toml`",
            Some((Config::Overrides, "strict")),
        ),
    ];
    let full = full.map(|(name, what, profile)| Column {
        name: name.to_owned(),
        what: what.to_owned(),
        depth: Depth::Full,
        profile: profile.map(|(config, profile)| (config, profile.to_owned())),
        lacks: None,
    });
    let alone = RULES.iter().map(|rule| Column {
        name: format!("only-{}", rule.id),
        what: format!("`strict` without any rule but `{}`", rule.id),
        depth: Depth::Short,
        profile: Some((Config::Own, format!("only-{}", rule.id))),
        lacks: None,
    });
    Ok(full
        .into_iter()
        .chain(alone)
        .chain(without(workloads)?)
        .collect())
}

/// For each place in the lists of settings of those overrides that were run: what is taken from which workload's.
fn without(workloads: &[Workload]) -> anyhow::Result<Vec<Column>> {
    let mut lacks: BTreeMap<usize, BTreeMap<String, String>> = BTreeMap::new();
    for entry in overrides::entries()?.iter().filter(|entry| entry.run) {
        for workload in workloads.iter().filter(|one| one.needs(entry)) {
            for (nth, setting) in entry.settings().into_iter().enumerate() {
                let of_nth = lacks.entry(nth).or_default();
                of_nth.insert(workload.name.clone(), setting);
            }
        }
    }
    let column = |(nth, lacks)| Column {
        name: format!("without-{nth}"),
        what: format!("`strict-overrides` without setting {nth} of an entry"),
        depth: Depth::Full,
        profile: Some((Config::Without(nth), "strict".to_owned())),
        lacks: Some(lacks),
    };
    Ok(lacks.into_iter().map(column).collect())
}

/// Starts the servers of the columns, and registers them. They end with what is returned.
pub(super) fn serve(
    node: &Node,
    columns: &[Column],
    workloads: &[Workload],
) -> anyhow::Result<Vec<Server>> {
    let profiles = || {
        columns
            .iter()
            .filter_map(|column| Some((&column.name, column.profile.as_ref()?)))
    };
    let configs: BTreeSet<Config> = profiles().map(|(_, (config, _))| *config).collect();
    let mut servers = BTreeMap::new();
    for (config, port) in configs.into_iter().zip((8443..).step_by(2)) {
        let file = node.work().join(format!("config-{port}.toml"));
        let file = match text(config, workloads)? {
            Some(text) => fs::write(&file, text).map(|()| Some(file))?,
            None => None,
        };
        let server = Server::start(node.plane(), node.work(), port, file.as_deref())?;
        servers.insert(config, server);
    }
    let entries: Vec<Entry<'_>> = profiles()
        .map(|(label, (config, profile))| Entry {
            label,
            profile,
            server: &servers[config],
        })
        .collect();
    register(node.plane(), node.work(), &entries)?;
    Ok(servers.into_values().collect())
}

fn text(config: Config, workloads: &[Workload]) -> anyhow::Result<Option<String>> {
    Ok(match config {
        Config::Shipped => None,
        Config::Own => Some(own_profiles()),
        Config::Overrides => Some(overridden(workloads, None)?),
        Config::Without(nth) => Some(overridden(workloads, Some(nth))?),
    })
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

/// `examples/overrides.toml`, in which an override for a public image holds for the workload that is like it too; where
/// `lacks` is given, without that setting of each entry.
fn overridden(workloads: &[Workload], lacks: Option<usize>) -> anyhow::Result<String> {
    let mut config = Table::from_iter([("version".to_owned(), Value::Integer(1))]);
    let mut tables = Vec::new();
    for entry in overrides::entries()? {
        let table = match lacks.filter(|nth| *nth < entry.settings().len()) {
            Some(nth) => entry.without(nth),
            None => Some(entry.table.clone()),
        };
        let Some(mut table) = table else { continue };
        if let Some(images) = table.get_mut("images").and_then(Value::as_array_mut) {
            let alike = workloads.iter().filter(|workload| workload.needs(&entry));
            images.extend(
                alike.map(|workload| format!("localhost/pod-hardener/{}", workload.name).into()),
            );
        }
        tables.push(Value::Table(table));
    }
    config.insert("overrides".to_owned(), Value::Array(tables));
    Ok(toml::to_string(&config)?)
}
