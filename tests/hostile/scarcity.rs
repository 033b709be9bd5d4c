//! A machine that runs out of descriptors, a log that nobody reads, and clients that come and go.

use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::{Connection, Server};
use crate::{WITHIN, alone, is_full};

#[test]
fn without_descriptors_it_recovers_by_itself() {
    let _turn = alone();
    // The shell lowers its own limit, and becomes the program.
    let mut shell = Command::new("sh");
    shell.args([
        "-c",
        "ulimit -n 64; exec \"$0\" \"$@\"",
        env!("CARGO_BIN_EXE_pod-hardener"),
    ]);
    let mut server = Server::start_by(shell, &["--no-cluster"]);
    let mut kept = server.connect();
    kept.ask();
    let target = server.target();
    let mut silent: Vec<TcpStream> = (0..200).map(|_| target.tcp()).collect();
    std::thread::sleep(Duration::from_millis(500));
    kept.ask();
    // Silent ones are closed for it, however many there are.
    let began = Instant::now();
    server.connect().ask();
    let took = began.elapsed();
    server.until("it says what it lacks", |server| {
        server.log().contains("cannot accept connections")
    });
    silent.clear();
    kept.ask();
    let began = Instant::now();
    server.connect().ask();
    let failures = server.metric("pod_hardener_accept_failures_total");
    eprintln!(
        "{failures} accepts failed; a new client is answered after {took:?} amid them, and after {:?} once they are gone",
        began.elapsed()
    );
    assert!(failures > 0.0);
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_log_that_nobody_reads_stops_no_request_and_what_is_dropped_is_counted() {
    let _turn = alone();
    let server = Server::start_unread(&["--no-cluster", "--decision-log", "full"]);
    let mut connection = server.connect();
    let mut slowest = Duration::ZERO;
    let mut requests = 0;
    let dropped = "pod_hardener_decisions_dropped_total";
    // The pipe takes a mebibyte, as much as that or twice is about to be written, and two more wait.
    while server.metric(dropped) < 100.0 {
        for _ in 0..100 {
            slowest = slowest.max(connection.ask());
            requests += 1;
        }
        assert!(requests < 20_000, "nothing is dropped");
    }
    eprintln!(
        "{requests} requests, {} decisions dropped, {slowest:?} at most",
        server.metric(dropped)
    );
    assert!(slowest < WITHIN, "{slowest:?}");
    let mut server = server;
    server.signal("INT");
    assert!(server.end().success(), "it ends all the same");
}

#[test]
fn clients_that_come_and_go_leave_nothing_behind() {
    let _turn = alone();
    let mut server = Server::start(&["--no-cluster"]);
    let length = match is_full() {
        true => Duration::from_secs(120),
        false => Duration::from_secs(4),
    };
    let round = |server: &Server| {
        let mut connections: Vec<Connection> = (0..250).map(|_| server.connect()).collect();
        for connection in &mut connections {
            connection.ask();
        }
    };
    let open = "pod_hardener_connections_open{port=\"webhook\"}";
    for _ in 0..2 {
        round(&server);
    }
    server.until("they are gone", |server| server.metric(open) == 0.0);
    let (memory, descriptors) = (server.memory(), server.descriptors());
    let began = Instant::now();
    let mut rounds = 0;
    while began.elapsed() < length {
        round(&server);
        rounds += 1;
    }
    server.until("they are gone", |server| server.metric(open) == 0.0);
    server.until("their descriptors are, too", |server| {
        server.descriptors() <= descriptors
    });
    // What is freed goes back to the system in seconds.
    server.until("their memory is, too", |server| {
        server.memory() <= memory + memory / 10
    });
    eprintln!(
        "{rounds} rounds of 250 connections: {memory} KiB and {descriptors} descriptors before, {} KiB and {} after",
        server.memory(),
        server.descriptors()
    );
}
