//! How the server ends.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::any;
use crate::client::{post, reply};
use crate::process::{Server, review};
use crate::webhook::Webhook;

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

#[test]
fn after_sigterm_it_is_not_ready_and_serves_on_for_the_delay() {
    let mut server = Server::start(&["--no-cluster", "--shutdown-delay", "1.5"]);
    let mut kept = server.connect();
    kept.ask();
    let told = Instant::now();
    server.signal("TERM");
    server.until("it says that it ends", |server| {
        server.get("/readyz").starts_with("HTTP/1.1 503")
    });
    assert!(server.get("/readyz?verbose").ends_with("\nending\n"));
    assert_eq!(server.metric("pod_hardener_ready "), 0.0);
    assert!(server.get("/livez").starts_with("HTTP/1.1 200"));
    // Clients hear of it late: they still come, on old connections and on new ones.
    kept.ask();
    server.connect().ask();
    assert!(
        told.elapsed() < Duration::from_millis(1_400),
        "too slow to tell"
    );
    let status = server.end();
    assert!(status.success(), "{status}");
    assert!(told.elapsed() >= Duration::from_millis(1_500));
    assert!(
        told.elapsed() < Duration::from_secs(10),
        "{:?}",
        told.elapsed()
    );
    assert!(
        server.log().contains("finishing what is under way"),
        "{}",
        server.log()
    );
}

#[test]
fn a_person_does_not_wait_for_the_delay_and_a_second_signal_waits_for_nothing() {
    let mut server = Server::start(&["--no-cluster", "--shutdown-delay", "600"]);
    server.signal("INT");
    assert!(server.end().success());

    let mut server = Server::start(&["--no-cluster", "--shutdown-delay", "600"]);
    server.signal("TERM");
    server.until("it says that it ends", |server| {
        server.get("/readyz").starts_with("HTTP/1.1 503")
    });
    server.signal("TERM");
    assert_eq!(server.end().code(), Some(1));
    assert!(
        server.log().contains("ended at once by a second signal"),
        "{}",
        server.log()
    );
}
