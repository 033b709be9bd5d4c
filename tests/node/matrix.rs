//! The matrix: every workload in every column, several at once. What a whole run finds is kept in `docs`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::node::{self, Node, Runtime, Side, enclose};
use crate::workloads::{Cell as Found, Results};
use crate::{assets, exit_code};

use super::api::Cluster;
use super::cell::Cell;
use super::columns::{self, AS_WRITTEN, Column};
use super::gate::Gate;
use super::promises;
use super::results;
use super::workload::Workload;

/// How many cells are under way at once. A load is light: some ten of them take a processor.
const AT_ONCE: usize = 20;

/// How many of them start at once.
const STARTS_AT_ONCE: usize = 6;

/// The longest that a hardened workload is waited for: a JVM with a limit of CPU needs a minute beside others.
const PATIENCE: Duration = Duration::from_secs(150);

/// The columns in which nothing may break but what does the very thing that a practice forbids.
const PROMISED: [&str; 3] = [AS_WRITTEN, "compatible", "compatible-userns"];

/// Where the results are kept.
fn kept(runtime: Runtime) -> &'static str {
    match runtime {
        Runtime::Current => "docs/workloads.json",
        Runtime::Debian => "docs/workloads-debian.json",
    }
}

pub(super) fn run() -> anyhow::Result<ExitCode> {
    let missing = node::missing();
    if !missing.is_empty() {
        bail!("missing for a node: {}", missing.join("; "));
    }
    let assets = assets().context("NODE_ASSETS names no folder: `make workloads` sets it")?;
    let work = match enclose()? {
        Side::Outside(ended) => return Ok(exit_code(ended)),
        Side::Inside(work) => work,
    };
    let (workloads, runtime) = (wanted_workloads()?, Runtime::from_env());
    let columns: Vec<Column> = columns::all(&workloads)?
        .into_iter()
        .filter(|one| one.name == AS_WRITTEN || wanted("COLUMNS", &one.name))
        // On the older runtime the question is whether what breaks nothing breaks nothing there.
        .filter(|one| runtime == Runtime::Current || PROMISED.contains(&one.name.as_str()))
        .collect();
    let archives = archives(&workloads)?;
    let mut seconds = BTreeMap::new();
    let mut clock = Instant::now();
    let mut lap = |what: &str| {
        seconds.insert(what.to_owned(), clock.elapsed().as_secs());
        eprintln!("{what}: {:.1} s", clock.elapsed().as_secs_f32());
        clock = Instant::now();
    };
    let node = Node::start(&assets, &work, runtime)?;
    let _servers = columns::serve(&node, &columns, &workloads)?;
    lap("cluster");
    for archive in archives {
        node.import(archive)?;
    }
    lap("images");
    let found = fill(&node, &workloads, &columns)?;
    lap("matrix");
    let results = Results {
        node: results::versions(&node)?,
        seconds,
        columns: columns.iter().filter_map(Column::kept).collect(),
        workloads: results::rows(&workloads, &columns, runtime, found),
    };
    results::judge(&results, kept(runtime))
}

/// The workloads that WORKLOADS names, or all.
pub(super) fn wanted_workloads() -> anyhow::Result<Vec<Workload>> {
    let all = Workload::all()?.into_iter();
    Ok(all.filter(|one| wanted("WORKLOADS", &one.name)).collect())
}

/// Whether a variable names something, or nothing at all.
fn wanted(variable: &str, name: &str) -> bool {
    let names = std::env::var(variable).unwrap_or_default();
    let mut names = names.split_whitespace().peekable();
    names.peek().is_none() || names.any(|other| other == name)
}

/// The images of the workloads, which were built outside.
pub(super) fn archives(workloads: &[Workload]) -> anyhow::Result<Vec<File>> {
    let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node/images/build");
    let mut command = Command::new(build);
    let with_image = workloads
        .iter()
        .filter(|one| one.folder.join("image").exists());
    command.args(with_image.map(|one| &one.name));
    let output = command
        .output()
        .context("cannot start tests/node/images/build")?;
    if !output.status.success() {
        bail!(
            "the images are not built: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let paths = String::from_utf8(output.stdout)?;
    let opened = paths
        .lines()
        .map(|path| File::open(path).context(path.to_owned()));
    opened.collect()
}

/// What is left to do, and what was found.
struct Board<'m> {
    left: Mutex<VecDeque<(&'m Workload, &'m Column)>>,
    found: Mutex<BTreeMap<(String, String), Found>>,
    news: Condvar,
    starts: Gate,
}

/// By the names of workload and column.
pub(super) type Findings = BTreeMap<(String, String), Found>;

fn fill(node: &Node, workloads: &[Workload], columns: &[Column]) -> anyhow::Result<Findings> {
    // The slow ones first: the last that run as written, without a request of CPU, get little beside hardened ones.
    let mut workloads: Vec<&Workload> = workloads.iter().collect();
    workloads.sort_by_key(|workload| Reverse(workload.meta.timeout));
    // Column by column, so that each workload is known as written when it is met hardened.
    let cells = columns
        .iter()
        .flat_map(|column| workloads.iter().map(move |workload| (*workload, column)))
        .filter(|(workload, column)| column.is_for(workload));
    let board = Board {
        left: Mutex::new(cells.collect()),
        found: Mutex::default(),
        news: Condvar::new(),
        starts: Gate::new(STARTS_AT_ONCE),
    };
    let at_once = std::env::var("AT_ONCE")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(AT_ONCE);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once)
            .map(|_| scope.spawn(|| worker(node, &board)))
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| match worker.join() {
                Ok(ended) => ended,
                Err(_) => bail!("a worker of the matrix panicked"),
            })
    })?;
    Ok(board
        .found
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner))
}

fn worker(node: &Node, board: &Board<'_>) -> anyhow::Result<()> {
    let cluster = Cluster::connect(node.plane())?;
    loop {
        let next = board
            .left
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front();
        let Some((workload, column)) = next else {
            return Ok(());
        };
        let written = match column.name == AS_WRITTEN {
            true => None,
            false => Some(board.as_written(&workload.name)),
        };
        let patience = match &written {
            // Others run beside it, and a limit of CPU slows it down.
            Some(written) => Duration::from_secs_f64(20.0 + 4.0 * written.start).min(PATIENCE),
            None => Duration::from_secs(workload.meta.timeout + 60),
        };
        let start = Instant::now();
        let cell = Cell::new((node, &cluster, &board.starts), workload, column, patience).run();
        let mut cell = cell.unwrap_or_else(|error| broken_rig(&error));
        if let Some(written) = &written {
            cell.wrong.extend(promises::worse(written, &cell));
        }
        tell(workload, column, &cell, start);
        let key = (workload.name.clone(), column.name.clone());
        board
            .found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, cell);
        board.news.notify_all();
    }
}

/// What the rig itself could not do is no finding, and fails the run.
fn broken_rig(error: &anyhow::Error) -> Found {
    Found {
        wrong: vec![format!("the rig: {error:#}")],
        ..Found::default()
    }
}

impl Board<'_> {
    /// What was found of a workload as written, as soon as it is there.
    fn as_written(&self, workload: &str) -> Found {
        let key = (workload.to_owned(), AS_WRITTEN.to_owned());
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match found.get(&key) {
                Some(cell) => return cell.clone(),
                None => {
                    found = self
                        .news
                        .wait(found)
                        .unwrap_or_else(PoisonError::into_inner)
                }
            }
        }
    }
}

fn tell(workload: &Workload, column: &Column, cell: &Found, start: Instant) {
    let seconds = start.elapsed().as_secs_f32();
    let how = match &cell.failure {
        None => format!("works after {:.1} s", cell.start),
        Some(how) => format!(
            "{}: {} | {} | {} | {}",
            how.phase, how.said, how.status, how.event, how.log
        ),
    };
    eprintln!("{seconds:5.1} s  {}/{}: {how}", workload.name, column.name);
    for wrong in &cell.wrong {
        eprintln!("         {}/{}: WRONG: {wrong}", workload.name, column.name);
    }
}
