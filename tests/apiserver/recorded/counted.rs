//! The metrics, against the decision log.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;

use libtest_mimic::Failed;
use serde_json::Value;

/// Series that are not zero, by name and labels.
pub(super) type Counted = BTreeMap<String, u64>;

/// The names of the metrics that count admissions.
const NAMES: [&str; 5] = [
    "pod_hardener_requests_total",
    "pod_hardener_rule_results_total",
    "pod_hardener_steps_back_total",
    "pod_hardener_annotations_total",
    "pod_hardener_request_duration_seconds_count",
];

/// What the server says.
pub(super) fn metrics(admin: &str) -> Result<Counted, Failed> {
    let mut stream = TcpStream::connect(admin)?;
    write!(
        stream,
        "GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let mut counted = Counted::new();
    for line in text
        .lines()
        .filter(|line| NAMES.iter().any(|name| line.starts_with(name)))
    {
        let (series, value) = line.rsplit_once(' ').ok_or("a series has a value")?;
        if value != "0" {
            counted.insert(series.to_owned(), value.parse()?);
        }
    }
    Ok(counted)
}

/// What the decision log says that it should.
pub(super) fn expected(lines: &[Value]) -> Counted {
    let mut counted = Counted::new();
    let mut count = |series: String| *counted.entry(series).or_default() += 1;
    for line in lines {
        let text = |key: &str| line[key].as_str().unwrap_or_default();
        let (mode, profile, outcome) = (text("mode"), text("profile"), text("outcome"));
        let [requests, results, steps, annotations, durations] = NAMES;
        count(format!(
            "{requests}{{mode=\"{mode}\",profile=\"{profile}\",outcome=\"{outcome}\"}}"
        ));
        count(durations.to_owned());
        if mode == "harden" {
            count(format!(
                "{annotations}{{outcome=\"{}\"}}",
                text("annotation")
            ));
        }
        let rules = line["rules"].as_array().into_iter().flatten();
        let mut once = BTreeSet::new();
        for said in rules {
            let text = |key: &str| said[key].as_str().unwrap_or_default();
            let (rule, result) = (text("rule"), text("result"));
            once.insert(format!(
                "{results}{{mode=\"{mode}\",rule=\"{rule}\",result=\"{result}\"}}"
            ));
            if result == "stepped-back" {
                let reason = text("reason");
                once.insert(format!(
                    "{steps}{{mode=\"{mode}\",rule=\"{rule}\",reason=\"{reason}\"}}"
                ));
            }
        }
        once.into_iter().for_each(&mut count);
    }
    counted
}
