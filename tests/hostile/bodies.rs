//! Bodies that are made to cost more than they weigh: each is answered by a 500, or as any other, soon and in little memory.

use std::io::Write;
use std::net::Shutdown;
use std::time::Duration;

use crate::client::reply;
use crate::honest::Honest;
use crate::process::{Server, review};
use crate::{MEMORY, WITHIN, alone};

/// A little less than the longest body.
const LONG: usize = 4 * 1024 * 1024 - 4_096;

/// A review whose pod has this as its spec's content.
fn of_spec(spec: &str) -> String {
    format!(
        r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"u","kind":{{"group":"","version":"v1","kind":"Pod"}},"operation":"CREATE","namespace":"shop","object":{{"metadata":{{"name":"web"}},"spec":{{{spec}}}}}}}}}"#
    )
}

/// A text again and again, with commas, as long as a body may be.
fn list(item: &str) -> String {
    let count = (LONG - 1_024) / (item.len() + 1);
    vec![item; count].join(",")
}

/// A text again and again, with commas, so often that a little less than the most values of a body are in it.
fn fill(item: &str) -> String {
    let values = item.matches([',', '[', '{']).count() + 1;
    vec![item; 199_000 / values].join(",")
}

/// A pod of more than a thousand containers: its reply is large, too.
pub(crate) fn large() -> String {
    let of_kind = |kind: &str| {
        let container = |number: usize| {
            format!(r#"{{"name":"{kind}-{number}","image":"registry.example/web:1.0"}}"#)
        };
        let containers: Vec<String> = (0..400).map(container).collect();
        format!(r#""{kind}":[{}]"#, containers.join(","))
    };
    of_spec(
        &["containers", "initContainers", "ephemeralContainers"]
            .map(of_kind)
            .join(","),
    )
}

#[test]
fn a_body_costs_what_it_weighs_whatever_is_in_it() {
    let _turn = alone();
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let deep = format!("{open}{close}");
    let number = "7".repeat(1 << 20);
    let containers = |all: &str| of_spec(&format!(r#""containers":[{all}]"#));
    let of_one = |inner: &str| of_spec(&format!(r#""containers":[{{"name":"a",{inner}}}]"#));
    let twice = review().replace(
        r#""kind": "AdmissionReview""#,
        r#""kind": "AdmissionReview", "kind": "AdmissionReview""#,
    );
    let of_all = |containers: &str| {
        let of_kind = |kind: &str| format!(r#""{kind}":[{containers}]"#);
        of_spec(
            &["containers", "initContainers", "ephemeralContainers"]
                .map(of_kind)
                .join(","),
        )
    };
    let many = |item: &str| vec![item; 500].join(",");
    let unlike = |number: usize| {
        format!(r#"{{"name":"c{number}","securityContext":{{"runAsUser":{number}}}}}"#)
    };
    let unlike: Vec<String> = (0..500).map(unlike).collect();
    let mounts = format!(r#"{{"volumeMounts":[{}]}}"#, ["{}"; 120].join(","));
    let named = |name: &str| of_spec("").replace(r#""name":"web""#, name);
    let user = |number: &str| {
        of_spec(&format!(
            r#""containers":[{{"securityContext":{{"runAsUser":{number}}}}}]"#
        ))
    };
    let dropped = |names: &str| {
        of_one(&format!(
            r#""securityContext":{{"capabilities":{{"drop":[{names}]}}}}"#
        ))
    };
    let bodies: Vec<(&str, Vec<u8>, u16)> = vec![
        ("a depth of 100,000", deep.clone().into(), 500),
        (
            "a depth of 100,000 in objects",
            "{\"a\":".repeat(100_000).into(),
            500,
        ),
        (
            "a depth of 100,000 in a field that is read",
            of_spec(&format!(r#""containers":{deep}"#)).into(),
            500,
        ),
        // It is stepped over without recursion.
        (
            "a depth of 100,000 in a field that is skipped",
            of_spec(&format!(r#""x":{deep}"#)).into(),
            200,
        ),
        ("a number of a megabyte", user(&number).into(), 500),
        (
            "an exponent of a megabyte",
            user(&format!("1e{number}")).into(),
            500,
        ),
        (
            "a number of a megabyte in a field that is skipped",
            of_spec(&format!(r#""x":{number}"#)).into(),
            200,
        ),
        (
            "invalid UTF-8",
            [of_spec("").as_bytes(), &[0xff, 0xfe]].concat(),
            500,
        ),
        ("a key twice", twice.into(), 500),
        ("nothing but spaces", vec![b' '; LONG], 500),
        (
            "a uid of megabytes",
            of_spec("")
                .replace(
                    r#""uid":"u""#,
                    &format!(r#""uid":"{}""#, "u".repeat(LONG - 1_024)),
                )
                .into(),
            200,
        ),
        (
            "a name full of escapes",
            named(&format!(
                r#""name":"{}""#,
                r"\u0000".repeat(LONG / 6 - 1_024)
            ))
            .into(),
            200,
        ),
        ("a million containers", containers(&list("{}")).into(), 500),
        (
            "a million of what is skipped",
            of_spec(&format!(r#""x":[{}]"#, list("{}"))).into(),
            500,
        ),
        (
            "501 containers",
            containers(&vec!["{}"; 501].join(",")).into(),
            500,
        ),
        ("1,500 containers", of_all(&many("{}")).into(), 200),
        (
            "1,500 containers that are all different",
            of_all(&unlike.join(",")).into(),
            200,
        ),
        (
            "500 containers with 120 mounts each",
            containers(&many(&mounts)).into(),
            200,
        ),
        (
            "as many capabilities as there may be",
            dropped(&fill(r#""""#)).into(),
            200,
        ),
        (
            "as many mounts as there may be",
            of_one(&format!(r#""volumeMounts":[{}]"#, fill("{}"))).into(),
            200,
        ),
        (
            "as many ports as there may be",
            of_one(&format!(r#""ports":[{}]"#, fill("{}"))).into(),
            200,
        ),
        (
            "501 volumes",
            of_spec(&format!(r#""volumes":[{}]"#, vec!["{}"; 501].join(","))).into(),
            500,
        ),
        (
            "as many sysctls as there may be",
            of_spec(&format!(
                r#""securityContext":{{"sysctls":[{}]}}"#,
                fill("{}")
            ))
            .into(),
            200,
        ),
        (
            "as many annotations as there may be",
            named(&format!(r#""annotations":{{{}}}"#, fill(r#""":"""#))).into(),
            200,
        ),
        (
            "as many node labels as there may be",
            of_spec(&format!(r#""nodeSelector":{{{}}}"#, fill(r#""":"""#))).into(),
            200,
        ),
        (
            "mounts that are looked for among many volumes",
            of_spec(&format!(
                r#""volumes":[{}],"containers":[{}]"#,
                vec![r#"{"name":"other"}"#; 500].join(","),
                many(&format!(
                    r#"{{"volumeMounts":[{}]}}"#,
                    [r#"{"name":"a","mountPath":"/b"}"#; 60].join(",")
                ))
            ))
            .into(),
            200,
        ),
        ("1,200 containers", large().into(), 200),
    ];
    let server = Server::start(&["--no-cluster"]);
    let mut failures = Vec::new();
    for (name, body, expected) in &bodies {
        assert!(body.len() <= LONG + 4_096, "{name} is too long to be tried");
        let honest = Honest::start(&server);
        let mut connection = server.connect();
        let head = format!(
            "POST /harden/strict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let process = server.process();
        let before = process.processor_time();
        connection.stream.write_all(head.as_bytes()).unwrap();
        connection.stream.write_all(body).unwrap();
        let (status, _, text) = reply(&mut connection.stream);
        let took = process.processor_time() - before;
        std::thread::sleep(Duration::from_millis(50));
        let noticed = honest.end();
        eprintln!(
            "{name}: {status} after {took:?} of a processor, {} MiB at most; honest requests within {:?}",
            noticed.memory / 1024,
            noticed.slowest
        );
        // All others wait as long. In the processor's time, since this machine may have much else to do.
        if status != *expected || took > WITHIN || noticed.memory > MEMORY {
            failures.push(format!(
                "{name}: {}",
                text.chars().take(300).collect::<String>()
            ));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    // Lengths that lie: what is cut short is no review, and the rest of what is too long is no request.
    for (announced, sent) in [(100, "{}"), (1, "{}")] {
        let mut connection = server.connect();
        let head = format!(
            "POST /harden/strict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {announced}\r\n\r\n{sent}"
        );
        connection.stream.write_all(head.as_bytes()).unwrap();
        connection.stream.conn.send_close_notify();
        // The server may have had enough already.
        let _ = connection.stream.flush();
        let _ = connection.stream.sock.shutdown(Shutdown::Write);
        let mut text = Vec::new();
        let _ = std::io::Read::read_to_end(&mut connection.stream, &mut text);
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains("HTTP/1.1 200"), "{text}");
    }
    server.connect().ask();
}
