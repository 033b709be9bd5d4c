//! Clients that dawdle, each in the midst of something else, and one that is only silent.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::client::{Stream, post, reply};
use crate::process::Server;

/// How long a handshake, a head and a body may take.
const TIME: Duration = Duration::from_secs(10);

/// How much later than that the end may come, on a busy machine.
const LATE: Duration = Duration::from_secs(4);

/// Adds a byte every half a second, until the server has had enough of it.
fn drip(mut stream: Stream, begun: &str) -> (Duration, String) {
    stream.write_all(begun.as_bytes()).unwrap();
    let began = Instant::now();
    let pause = Some(Duration::from_millis(500));
    stream.sock.set_read_timeout(pause).unwrap();
    let mut said = Vec::new();
    loop {
        let mut bytes = [0; 1_024];
        match stream.read(&mut bytes) {
            Ok(0) => break,
            Ok(count) => said.extend_from_slice(&bytes[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                if stream.write_all(b"x").is_err() {
                    break;
                }
            }
            // Closed without ceremony.
            Err(_) => break,
        }
        assert!(began.elapsed() < TIME + LATE, "it may drip for ever");
    }
    (began.elapsed(), String::from_utf8(said).unwrap())
}

#[test]
fn who_dawdles_in_the_middle_of_something_is_cut_off_and_who_is_silent_is_not() {
    let mut server = Server::start(&["--no-cluster"]);
    let mut silent = server.connect();
    silent.ask();

    let head = "POST /harden/strict HTTP/1.1\r\nhost: x\r\n";
    let whole = format!("{head}content-type: application/json\r\ncontent-length: 1000\r\n\r\n");
    let stream = server.connect().stream;
    let of_head = std::thread::spawn(move || drip(stream, head));
    // On a connection that has had an answer, the time is the same.
    let mut second = server.connect();
    second.ask();
    let of_second_head = std::thread::spawn(move || drip(second.stream, head));
    let stream = server.connect().stream;
    let of_body = std::thread::spawn(move || drip(stream, &whole));
    let mut hello = TcpStream::connect(&server.webhook).unwrap();
    hello.write_all(&[0x16, 3, 1, 2, 0, 1]).unwrap();
    let began = Instant::now();
    hello.set_read_timeout(Some(TIME + LATE)).unwrap();
    let _ = hello.read(&mut [0]);
    let of_handshake = began.elapsed();

    for (took, said) in [of_head.join().unwrap(), of_second_head.join().unwrap()] {
        assert!(took > TIME - LATE / 2 && took < TIME + LATE, "{took:?}");
        assert_eq!(said, "", "there is no request to answer");
    }
    let (took, said) = of_body.join().unwrap();
    assert!(took > TIME - LATE / 2 && took < TIME + LATE, "{took:?}");
    assert!(said.starts_with("HTTP/1.1 500 "), "{said}");
    assert!(
        said.contains("the body did not arrive within 10 s"),
        "{said}"
    );
    assert!(
        of_handshake > TIME - LATE / 2 && of_handshake < TIME + LATE,
        "{of_handshake:?}"
    );

    for (reason, count) in [("slow-head", 2.0), ("slow-handshake", 1.0)] {
        let closed = format!(
            "pod_hardener_connections_closed_total{{port=\"webhook\",reason=\"{reason}\"}}"
        );
        server.until(reason, |server| server.metric(&closed) == count);
    }
    assert_eq!(
        server.metric("pod_hardener_failures_total{reason=\"too-slow\"}"),
        1.0
    );
    silent.ask();
}

#[test]
fn connections_beyond_the_most_displace_the_silent_and_none_in_use() {
    let mut server = Server::start(&["--no-cluster", "--max-connections", "20"]);
    let mut kept: Vec<_> = (0..10).map(|_| server.connect()).collect();
    for connection in &mut kept {
        connection.ask();
    }
    // Long enough to be displaced, if there were nobody who has shown less.
    std::thread::sleep(Duration::from_millis(1_500));
    let silent: Vec<_> = (0..200).map(|_| server.target().tcp()).collect();
    let open = "pod_hardener_connections_open{port=\"webhook\"}";
    let room = "pod_hardener_connections_closed_total{port=\"webhook\",reason=\"room\"}";
    server.until("they gave way", |server| server.metric(room) >= 190.0);
    assert!(server.metric(open) <= 20.0);
    for connection in &mut kept {
        connection.ask();
    }
    assert!(
        server
            .get("/readyz?verbose")
            .contains("[+] connections: 20 of at most 20, ")
    );
    drop(silent);
    server.until("they left", |server| server.metric(open) == 10.0);
}

#[test]
fn probes_are_answered_however_many_connections_say_nothing_to_their_port() {
    let server = Server::start(&["--no-cluster"]);
    let silent: Vec<_> = (0..300)
        .map(|_| TcpStream::connect(&server.admin).unwrap())
        .collect();
    let began = Instant::now();
    assert!(server.get("/livez").starts_with("HTTP/1.1 200"));
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    assert!(server.metric("pod_hardener_connections_open{port=\"admin\"}") <= 64.0);
    drop(silent);
}

#[test]
fn bodies_that_hold_too_much_memory_together_are_refused_the_largest_first() {
    let server = Server::start(&["--no-cluster"]);
    let large = " ".repeat(3 << 20);
    let head =
        post("/harden/strict", "application/json", "").replace("length: 0", "length: 4000000");
    let mut dawdling: Vec<_> = (0..3).map(|_| server.connect()).collect();
    for connection in &mut dawdling {
        connection.stream.write_all(head.as_bytes()).unwrap();
        // The last of them is one too many, and whichever is told so may be closed while it writes.
        let _ = connection.stream.write_all(large.as_bytes());
        let _ = connection.stream.flush();
    }
    server.connect().ask();
    let overloaded = "pod_hardener_failures_total{reason=\"overloaded\"}";
    let mut server = server;
    server.until("one gives way", |server| server.metric(overloaded) >= 1.0);
    assert!(server.metric(overloaded) < 3.0, "two have room");
    assert!(
        server.metric("pod_hardener_requests_held_bytes{port=\"webhook\"}") <= 8.0 * 1_048_576.0
    );
    let mut refused = 0;
    for connection in &mut dawdling {
        let wait = Some(Duration::from_millis(200));
        connection.stream.sock.set_read_timeout(wait).unwrap();
        let mut byte = [0];
        if connection.stream.read_exact(&mut byte).is_ok() {
            let (_, _, text) = reply(&mut connection.stream);
            assert!(text.contains("the largest of them gives way"), "{text}");
            refused += 1;
        }
    }
    assert!(refused >= 1);
}
