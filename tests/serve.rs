//! The server: its start, TLS, answers, limits, health, metrics, reloads, and its end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(clippy::print_stderr, missing_docs, reason = "tests")]

#[path = "serve/answers.rs"]
mod answers;
#[path = "serve/ends.rs"]
mod ends;
#[path = "serve/reloads.rs"]
mod reloads;
#[path = "serve/starts.rs"]
mod starts;

#[path = "support/client.rs"]
mod client;
#[path = "support/mount.rs"]
mod mount;
#[path = "support/pair.rs"]
mod pair;
#[path = "support/process.rs"]
mod process;
#[path = "support/webhook.rs"]
mod webhook;

use std::io::Write;
use std::net::TcpStream;

use client::{Stream, reply};
use rustls::SupportedProtocolVersion;
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

fn get(server: &Webhook, path: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(&server.admin).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    reply(&mut stream)
}
