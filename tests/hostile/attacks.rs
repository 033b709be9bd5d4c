//! Attacks on the port, one after the other, while an honest client asks.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::honest::Honest;
use crate::process::{Connection, Server, Target};
use crate::{MEMORY, WITHIN, alone, is_full};

/// How long an attack goes on.
fn length() -> Duration {
    match is_full() {
        true => Duration::from_secs(25),
        false => Duration::from_secs(2),
    }
}

/// An attack: it does what it does for a while.
type Attack = fn(&Target, Duration);

const ATTACKS: &[(&str, Attack)] = &[
    ("5,000 connections that send nothing", silent),
    ("half of a handshake, 1,000 times", half_handshakes),
    ("garbage instead of TLS", garbage),
    ("the preface of HTTP/2", preface),
    ("300 heads that arrive by the byte", slow_heads),
    ("300 bodies that arrive by the kilobyte", slow_bodies),
    ("large bodies that never end", endless_bodies),
    ("bodies that are too large", oversized),
    ("bodies in chunks of one byte", tiny_chunks),
    ("replies that are never read", unread_replies),
];

#[test]
fn honest_requests_are_answered_and_memory_is_bounded_under_every_attack() {
    let _turn = alone();
    needs_descriptors(6_000);
    let mut server = Server::start(&["--no-cluster"]);
    let mut failures = Vec::new();
    let warm = Honest::start(&server);
    std::thread::sleep(Duration::from_secs(1));
    warm.end();
    let before = server.memory();
    let chosen = std::env::var("ATTACK").unwrap_or_default();
    for (name, attack) in ATTACKS {
        if !name.contains(&chosen) {
            continue;
        }
        let honest = Honest::start(&server);
        attack(&server.target(), length());
        let noticed = honest.end();
        eprintln!(
            "{name}: {} honest requests, {:?} in the median, {:?} at most; {} MiB at most, {} now",
            noticed.requests,
            noticed.median,
            noticed.slowest,
            noticed.memory / 1024,
            server.memory() / 1024,
        );
        if noticed.slowest > WITHIN || noticed.memory > MEMORY {
            failures.push(*name);
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
    let began = Instant::now();
    let bound = before + before / 4;
    let patience = Duration::from_secs(60);
    while server.memory() > bound && began.elapsed() < patience {
        std::thread::sleep(Duration::from_millis(100));
    }
    eprintln!(
        "{} MiB before, {} after {:.0} s",
        before / 1024,
        server.memory() / 1024,
        began.elapsed().as_secs_f64()
    );
    for line in server.get("/metrics").lines() {
        if line.starts_with("pod_hardener_connections_closed_total")
            || line.starts_with("pod_hardener_failures_total")
        {
            eprintln!("{line}");
        }
    }
    assert!(
        server.memory() <= bound,
        "{} KiB, {before} before",
        server.memory()
    );
    server.until("all connections are gone", |server| {
        server.metric("pod_hardener_connections_open{port=\"webhook\"}") == 0.0
    });
}

/// Says plainly what is missing where this process may not open so many descriptors.
fn needs_descriptors(wanted: usize) {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let soft = line.unwrap().split_whitespace().nth(3).unwrap();
    assert!(
        soft == "unlimited" || soft.parse::<usize>().unwrap() >= wanted,
        "this test opens {wanted} descriptors, and the limit is {soft}: raise it by `ulimit -n`"
    );
}

fn silent(target: &Target, length: Duration) {
    let began = Instant::now();
    let mut open: Vec<TcpStream> = Vec::new();
    while open.len() < 5_000 {
        open.push(target.tcp());
    }
    std::thread::sleep(length.saturating_sub(began.elapsed()));
}

fn half_handshakes(target: &Target, length: Duration) {
    // The begin of a ClientHello that announces 512 bytes.
    let hello = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 7, 7, 7];
    let began = Instant::now();
    let open: Vec<TcpStream> = (0..1_000)
        .map(|_| {
            let mut stream = target.tcp();
            // It may be closed already, to make room.
            let _ = stream.write_all(&hello);
            stream
        })
        .collect();
    std::thread::sleep(length.saturating_sub(began.elapsed()));
    drop(open);
}

fn garbage(target: &Target, length: Duration) {
    let began = Instant::now();
    let garbage: Vec<u8> = (0..4_096_u32).map(|i| (i * 7 % 251) as u8).collect();
    while began.elapsed() < length {
        let mut streams: Vec<TcpStream> = (0..50).map(|_| target.tcp()).collect();
        for stream in &mut streams {
            let _ = stream.write_all(&garbage);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn preface(target: &Target, length: Duration) {
    let began = Instant::now();
    while began.elapsed() < length {
        let mut connection = target.connect();
        let _ = connection
            .stream
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
        std::thread::sleep(Duration::from_millis(10));
    }
}

const HEAD: &str = "POST /harden/strict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

/// Connections that each got some first bytes.
fn begun(target: &Target, count: usize, first: &str) -> Vec<Connection> {
    let begin = |_| {
        let mut connection = target.connect();
        connection.stream.write_all(first.as_bytes()).unwrap();
        connection
    };
    (0..count).map(begin).collect()
}

/// Adds some bytes to each connection every half a second, those that are closed already included.
fn drip(connections: &mut [Connection], bytes: &[u8], length: Duration) {
    let began = Instant::now();
    while began.elapsed() < length {
        for connection in &mut *connections {
            let _ = connection.stream.write_all(bytes);
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn slow_heads(target: &Target, length: Duration) {
    let mut connections = begun(target, 300, HEAD);
    drip(&mut connections, b"x", length);
}

fn slow_bodies(target: &Target, length: Duration) {
    let head = format!("{HEAD}content-length: 4000000\r\n\r\n");
    let mut connections = begun(target, 300, &head);
    drip(&mut connections, &[b' '; 1_024], length);
}

fn endless_bodies(target: &Target, length: Duration) {
    let began = Instant::now();
    // To encrypt so much without optimisation is all that this machine would do.
    let count = if is_full() { 100 } else { 20 };
    while began.elapsed() < length {
        let head = format!("{HEAD}content-length: 4000000\r\n\r\n");
        let mut connections = begun(target, count, &head);
        let part = vec![b' '; 390_000];
        for _ in 0..10 {
            for connection in &mut connections {
                // It may have given way.
                let _ = connection.stream.write_all(&part);
            }
        }
        drip(&mut connections, b" ", Duration::from_secs(1));
    }
}

fn oversized(target: &Target, length: Duration) {
    let began = Instant::now();
    let part = vec![b' '; 1 << 20];
    while began.elapsed() < length {
        let head = format!("{HEAD}content-length: 20000000\r\n\r\n");
        for connection in &mut begun(target, 5, &head) {
            for _ in 0..19 {
                let _ = connection.stream.write_all(&part);
            }
        }
    }
}

fn tiny_chunks(target: &Target, length: Duration) {
    let head = format!("{HEAD}transfer-encoding: chunked\r\n\r\n");
    let mut connections = begun(target, 8, &head);
    let chunks = "1\r\n \r\n".repeat(20_000);
    let began = Instant::now();
    while began.elapsed() < length {
        for connection in &mut connections {
            if connection.stream.write_all(chunks.as_bytes()).is_err() {
                *connection = begun(target, 1, &head).remove(0);
            }
        }
    }
}

fn unread_replies(target: &Target, length: Duration) {
    let began = Instant::now();
    let body = crate::bodies::large();
    let request = crate::client::post("/harden/strict", "application/json", &body);
    let mut open = Vec::new();
    while open.len() < 20 && began.elapsed() < length {
        let mut connection = target.connect();
        connection.ask();
        // The system takes the first replies, until its buffers are full. Then the server takes no more requests.
        let patience = Some(Duration::from_millis(200));
        connection.stream.sock.set_write_timeout(patience).unwrap();
        while connection.stream.write_all(request.as_bytes()).is_ok() && began.elapsed() < length {}
        open.push(connection);
    }
    std::thread::sleep(length.saturating_sub(began.elapsed()));
}
