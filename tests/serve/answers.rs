//! What is answered, to whom, and in which protocol.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use serde_json::Value;

use crate::client::{Stream, post, reply};
use crate::process::review;
use crate::webhook::Webhook;
use crate::{any, connect, get};

fn ask(server: &Webhook, request: &str) -> (u16, String, String) {
    let mut stream = any(server);
    stream.write_all(request.as_bytes()).unwrap();
    reply(&mut stream)
}

#[test]
fn a_review_is_answered_over_tls_12_and_13_and_by_http_11_alone() {
    let server = Webhook::start();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut stream = connect(&server, &[version], &["h2", "http/1.1"]);
        // As the API server calls: with its timeout in the query.
        let request = post(
            "/harden/strict?timeout=2s",
            "application/json; charset=utf-8",
            &review(),
        );
        stream.write_all(request.as_bytes()).unwrap();
        let (status, head, body) = reply(&mut stream);
        assert_eq!(status, 200, "{body}");
        assert!(
            head.contains("content-type: application/json\r\n"),
            "{head}"
        );
        assert_eq!(
            serde_json::from_str::<Value>(&body).unwrap()["response"]["patchType"],
            "JSONPatch"
        );
        assert_eq!(stream.conn.alpn_protocol(), Some(b"http/1.1".as_slice()));
        assert_eq!(stream.conn.protocol_version(), Some(version.version));
    }
    let mut stream = connect(&server, rustls::ALL_VERSIONS, &["h2"]);
    assert!(
        stream
            .write_all(b"x")
            .and_then(|()| stream.flush())
            .is_err()
            || stream.read(&mut [0]).is_err()
    );
}

#[test]
fn what_cannot_be_answered_is_a_500_that_names_its_cause() {
    let server = Webhook::start();
    let large = "x".repeat(5 * 1024 * 1024);
    let complex = format!("[{}1]", "1,".repeat(200_000));
    let later = review().replace("admission.k8s.io/v1", "admission.k8s.io/v2");
    let before = failures(&server);
    for (request, cause) in [
        (
            post("/harden/nope", "application/json", &review()),
            "there is no profile `nope`",
        ),
        (
            post("/hardn/strict", "application/json", &review()),
            "there is nothing at this path; there is /harden/<profile>",
        ),
        (
            post("/harden/strict/x", "application/json", &review()),
            "there is nothing at this path",
        ),
        (
            post("/harden/strict", "application/yaml", &review()),
            "the content type is not application/json",
        ),
        (
            post("/harden/strict", "application/json", "{"),
            "not one whole JSON document",
        ),
        (
            post("/harden/strict", "application/json", ""),
            "not one whole JSON document",
        ),
        (
            post("/harden/strict", "application/json", &large),
            "larger than 4 MiB",
        ),
        (
            post("/harden/strict", "application/json", &complex),
            "more than 200000 JSON values",
        ),
        (
            post("/harden/strict", "application/json", "{}"),
            "AdmissionReview",
        ),
        (
            post("/harden/strict", "application/json", &later),
            "admission.k8s.io/v1",
        ),
    ] {
        let (status, _, body) = ask(&server, &request);
        assert_eq!(status, 500, "{body}");
        assert!(body.contains(cause), "{body}");
        assert_eq!(body.lines().count(), 1, "{body}");
    }
    // Each was at zero before, so that the first of its kind is an increase.
    let after = failures(&server);
    assert_eq!(
        after.keys().collect::<Vec<_>>(),
        before.keys().collect::<Vec<_>>()
    );
    assert_eq!(before.values().sum::<u64>(), 0);
    let counted = after.values().filter(|count| **count > 0);
    assert_eq!(counted.count(), 8, "{after:?}");
}

/// How many requests could not be answered, by reason.
fn failures(server: &Webhook) -> BTreeMap<String, u64> {
    let (_, _, metrics) = get(server, "/metrics");
    let series = metrics.lines().filter_map(|line| {
        let (reason, count) = line
            .strip_prefix("pod_hardener_failures_total{reason=\"")?
            .split_once("\"} ")?;
        Some((reason.to_owned(), count.parse().unwrap()))
    });
    series.collect()
}

#[test]
fn a_chunked_body_has_the_same_limit() {
    let server = Webhook::start();
    let mut stream = any(&server);
    let head = "POST /harden/strict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = format!("100000\r\n{}\r\n", "x".repeat(0x10_0000));
    // The server answers before the body ends, and may close while we write.
    for _ in 0..6 {
        if stream.write_all(chunk.as_bytes()).is_err() {
            break;
        }
    }
    let (status, _, body) = reply(&mut stream);
    assert_eq!(
        (status, body.contains("larger than 4 MiB")),
        (500, true),
        "{body}"
    );
}

#[test]
fn other_methods_and_paths_are_told_what_there_is() {
    let server = Webhook::start();
    let (status, head, _) = ask(&server, "GET /harden/strict HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(
        (status, head.contains("allow: post\r\n")),
        (405, true),
        "{head}"
    );
    let (status, _, body) = ask(&server, "GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(
        (status, body.contains("/harden/<profile>")),
        (404, true),
        "{body}"
    );
}

#[test]
fn health_and_metrics() {
    let server = Webhook::start();
    assert_eq!(get(&server, "/livez").0, 200);
    assert_eq!(get(&server, "/readyz").0, 200);
    assert_eq!(get(&server, "/nothing").0, 404);
    ask(
        &server,
        &post("/harden/compatible", "application/json", &review()),
    );
    ask(
        &server,
        &post("/harden/made-up-by-a-client", "application/json", &review()),
    );
    let (status, head, metrics) = get(&server, "/metrics");
    assert_eq!(status, 200);
    assert!(metrics.contains("\npod_hardener_ready 1\n"), "{metrics}");
    assert!(head.contains("application/openmetrics-text"), "{head}");
    let counted = "pod_hardener_requests_total{mode=\"harden\",profile=\"compatible\",outcome=\"patched\"} 1\n";
    assert!(metrics.contains(counted), "{metrics}");
    for counted in [
        "failures_total{reason=\"unknown-profile\"} 1\n",
        // Once for a pod, whatever number of fields and containers.
        "rule_results_total{mode=\"harden\",rule=\"drop-capabilities\",result=\"set\"} 1\n",
        "rule_results_total{mode=\"audit\",rule=\"drop-capabilities\",result=\"set\"} 0\n",
        "steps_back_total{mode=\"harden\",rule=\"probes\",reason=\"no-probes\"} 1\n",
        "annotations_total{outcome=\"written\"} 1\n",
    ] {
        let counted = format!("\npod_hardener_{counted}");
        assert!(metrics.contains(&counted), "{counted}{metrics}");
    }
    assert!(!metrics.contains("made-up"), "no client chooses a label");
    assert!(metrics.ends_with("# EOF\n"));
}

#[test]
fn connections_are_kept_and_serve_again() {
    let server = Webhook::start();
    let mut streams: Vec<Stream> = (0..25).map(|_| any(&server)).collect();
    for _ in 0..3 {
        for stream in &mut streams {
            stream
                .write_all(post("/harden/strict", "application/json", &review()).as_bytes())
                .unwrap();
        }
        assert!(streams.iter_mut().all(|stream| reply(stream).0 == 200));
    }
}
