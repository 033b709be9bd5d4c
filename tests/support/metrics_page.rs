//! The page of metrics, made of what `/metrics` says.

use std::collections::BTreeSet;
use std::fmt::Write;

/// A metric, as its comment lines and its series describe it.
#[derive(Debug, Default)]
struct Metric<'t> {
    name: &'t str,
    help: &'t str,
    kind: &'t str,
    /// In the order of their first series.
    labels: Vec<&'t str>,
}

/// What the API server itself counts of its webhooks, which says what no server of ours can: that nobody answered. Names and labels are
/// those of Kubernetes 1.37, on which `tests/prometheus.rs` asks for them.
const OF_THE_API_SERVER: &str = "
## The API server, of its webhooks

Dashboard and alerts of the chart also ask for these, where Prometheus scrapes the API server; `name` is the webhook's, `<profile>.pod-hardener.io` or one that
ends so. [Kubernetes documents them](https://kubernetes.io/docs/reference/instrumentation/metrics/).

| name | type | labels that are used | what it is |
|---|---|---|---|
| `apiserver_admission_webhook_request_total` | counter | `name`, `code` | Calls, by the HTTP status of the answer; 600 and more is no answer |
| `apiserver_admission_webhook_admission_duration_seconds` | histogram | `name` | How long a call took, the network included |
| `apiserver_admission_webhook_fail_open_count` | counter | `name` | Calls without an answer after which the object was let in, as `failurePolicy: Ignore` says |
| `apiserver_admission_webhook_rejection_count` | counter | `name`, `error_type` | Objects that were refused; where this program is concerned, because there was no answer, under `failurePolicy: Fail` |
";

/// The page, of what the server and the controller say.
pub(crate) fn page(server: &str, controller: &str) -> String {
    let mut page = String::from(
        "# Metrics\n\n\
         Both processes have them at `/metrics` of their `--admin` port, as OpenMetrics. No label has a value that a client or a pod chooses: those of\n\
         `profile` are names of the configuration, all others are words of this program. Series of rules are there from the start, at zero.\n\
         This page is made of what the programs say (`make docs`).\n",
    );
    for (title, text) in [
        ("pod-hardener serve", server),
        ("pod-hardener controller", controller),
    ] {
        let _ = write!(
            page,
            "\n## `{title}`\n\n| name | type | labels | what it is |\n|---|---|---|---|\n"
        );
        for metric in metrics(text) {
            let labels: Vec<String> = metric.labels.iter().map(|l| format!("`{l}`")).collect();
            let name = match metric.kind {
                "counter" => format!("{}_total", metric.name),
                "info" => format!("{}_info", metric.name),
                _ => metric.name.to_owned(),
            };
            let Metric { kind, help, .. } = metric;
            let _ = writeln!(
                page,
                "| `{name}` | {kind} | {} | {help} |",
                labels.join(", ")
            );
        }
    }
    page + OF_THE_API_SERVER
}

fn metrics(text: &str) -> Vec<Metric<'_>> {
    let mut metrics: Vec<Metric<'_>> = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match *words.as_slice() {
            ["#", "HELP", name, help] => {
                let help = help.trim_end_matches('.');
                metrics.push(Metric {
                    name,
                    help,
                    ..Metric::default()
                });
            }
            ["#", "TYPE", name, kind] => {
                let last = metrics.last_mut().expect("a type after its help");
                assert_eq!(last.name, name);
                last.kind = kind;
            }
            ["#", ..] => {}
            _ => labels(line, metrics.last_mut().expect("a series after its type")),
        }
    }
    let names: BTreeSet<&str> = metrics.iter().map(|metric| metric.name).collect();
    assert_eq!(names.len(), metrics.len(), "each metric is there once");
    metrics
}

/// Adds the labels of a series; that of a bucket is no label of ours.
fn labels<'t>(series: &'t str, metric: &mut Metric<'t>) {
    assert!(series.starts_with(metric.name), "{series} of {metric:?}");
    let Some((_, rest)) = series.split_once('{') else {
        return;
    };
    let (inside, _) = rest.rsplit_once('}').expect("an end of labels");
    for label in inside.split("\",") {
        let (name, _) = label.split_once('=').expect("a label");
        if name != "le" && !metric.labels.contains(&name) {
            metric.labels.push(name);
        }
    }
}
