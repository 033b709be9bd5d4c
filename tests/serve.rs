//! The server: TLS, limits, health, metrics, and its end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

#[path = "support/client.rs"]
mod client;
#[path = "support/webhook.rs"]
mod webhook;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use client::{Stream, post, reply};
use rustls::SupportedProtocolVersion;
use serde_json::Value;
use webhook::Webhook;

fn connect(
    server: &Webhook,
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&str],
) -> Stream {
    let address = server.url.trim_start_matches("https://");
    client::connect((address, &server.ca), versions, protocols)
}

fn any(server: &Webhook) -> Stream {
    connect(server, rustls::ALL_VERSIONS, &[])
}

fn review() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/review.json")).unwrap()
}

fn ask(server: &Webhook, request: &str) -> (u16, String, String) {
    let mut stream = any(server);
    stream.write_all(request.as_bytes()).unwrap();
    reply(&mut stream)
}

fn get(server: &Webhook, path: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(&server.admin).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
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
    ] {
        let (status, _, body) = ask(&server, &request);
        assert_eq!(status, 500, "{body}");
        assert!(body.contains(cause), "{body}");
        assert_eq!(body.lines().count(), 1, "{body}");
    }
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
    assert!(head.contains("application/openmetrics-text"), "{head}");
    let counted = "pod_hardener_requests_total{mode=\"harden\",profile=\"compatible\",outcome=\"patched\"} 1\n";
    assert!(metrics.contains(counted), "{metrics}");
    assert!(
        metrics.contains("pod_hardener_failures_total{reason=\"unknown-profile\"} 1\n"),
        "{metrics}"
    );
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

#[test]
fn a_request_under_way_is_answered_before_the_server_ends() {
    let mut server = Webhook::start();
    let request = post("/harden/strict", "application/json", &review());
    let (first, rest) = request.as_bytes().split_at(request.len() / 2);
    let mut stream = any(&server);
    stream.write_all(first).unwrap();
    stream.flush().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    server.end();
    std::thread::sleep(Duration::from_millis(200));
    assert!(!server.has_ended(), "a request is under way");
    stream.write_all(rest).unwrap();
    assert_eq!(reply(&mut stream).0, 200);
    let start = Instant::now();
    while !server.has_ended() {
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "nothing is under way any more"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn serve(args: &[&str]) -> Output {
    let ports = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    Command::new(env!("CARGO_BIN_EXE_pod-hardener"))
        .arg("serve")
        .args(ports)
        .args(args)
        .output()
        .unwrap()
}

#[test]
fn a_wrong_start_names_the_thing_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let made = |name: &str| {
        let made = rcgen_pair();
        (
            file(&format!("{name}.crt"), &made.0),
            file(&format!("{name}.key"), &made.1),
        )
    };
    let ((certificate, key), (_, other)) = (made("one"), made("two"));
    let empty = file("empty.pem", "");
    let config = file(
        "bad.toml",
        "version = 1\n[profiles.off]\nno-such-rule.enabled = true\n",
    );
    for (args, said) in [
        (vec!["--tls-cert", &certificate], "--tls-key <FILE>"),
        (
            vec!["--tls-cert", "/nowhere.crt", "--tls-key", &key],
            "cannot read /nowhere.crt",
        ),
        (
            vec!["--tls-cert", &empty, "--tls-key", &key],
            "there is no certificate in",
        ),
        (
            vec!["--tls-cert", &certificate, "--tls-key", &empty],
            "there is no private key in",
        ),
        (
            vec!["--tls-cert", &certificate, "--tls-key", &other],
            "do not make a pair",
        ),
        (
            vec!["--write-ca", "/nowhere/ca.pem"],
            "--write-ca: cannot write /nowhere/ca.pem",
        ),
        (
            vec!["--config", "/nowhere.toml"],
            "cannot read the configuration /nowhere.toml",
        ),
        (vec!["--config", &config], "there is no rule `no-such-rule`"),
        (
            vec!["--config", &config],
            "`off` cannot be the name of a profile",
        ),
    ] {
        let output = serve(&args);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(said), "{text}");
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_pod-hardener"))
        .args(["serve", "--listen", &address])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains(&format!("--listen: cannot listen on {address}")),
        "{text}"
    );
}

/// A certificate and its key, as PEM.
fn rcgen_pair() -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}
