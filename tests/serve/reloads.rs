//! Files that are swapped under a server that answers.
//!
//! `SWITCHES=full` is more than a minute with a swap a second (`make switches`); otherwise it is a short form of the same.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine;
use pod_hardener::config::{EMBEDDED, Settings};
use serde_json::Value;

use crate::client::{post, reply};
use crate::mount::Mount;
use crate::pair::{pair, pair_until};
use crate::process::{Connection, Server, review};

const FILE: &str = "config.toml";

/// What the replies of one configuration must all say together: its version, its UID and its CPU request.
type Said = (String, String, String);

/// A configuration that sets another UID and another CPU request than others.
fn config(uid: u32, cpu: &str) -> (String, Said) {
    let text = EMBEDDED
        .replace("uid = 10001", &format!("uid = {uid}"))
        .replace("request = \"10m\"", &format!("request = \"{cpu}\""))
        .replace(
            "[profiles.restricted]",
            &format!("[profiles.restricted]\ncpu-resources.request = \"{cpu}\""),
        );
    let version = Settings::parse(&text, FILE).unwrap().version().to_owned();
    let said = (version, uid.to_string(), format!("\"{cpu}\""));
    (text, said)
}

/// What a configuration says that is switched off: nothing is set.
fn disabled(version: &str) -> Said {
    (version.to_owned(), String::new(), String::new())
}

/// What a reply says of the configuration that made it.
fn said(body: &str) -> Said {
    let reply: Value = serde_json::from_str(body).unwrap();
    let response = &reply["response"];
    let version = response["auditAnnotations"]["config"].as_str().unwrap();
    let Some(patch) = response["patch"].as_str() else {
        return disabled(version);
    };
    let patch = base64::engine::general_purpose::STANDARD.decode(patch);
    let patch: Value = serde_json::from_slice(&patch.unwrap()).unwrap();
    let find = |pointer: &str| {
        let operations = patch.as_array().unwrap().iter();
        let mut found = operations.filter_map(|operation| operation.pointer(pointer));
        found.next().unwrap().to_string()
    };
    (
        version.to_owned(),
        find("/value/runAsUser"),
        find("/value/requests/cpu"),
    )
}

fn ask(connection: &mut Connection) -> Said {
    let request = post("/harden/restricted", "application/json", &review());
    connection.stream.write_all(request.as_bytes()).unwrap();
    let (status, _, body) = reply(&mut connection.stream);
    assert_eq!(status, 200, "{body}");
    said(&body)
}

/// How long one version stays, and how many there are.
fn course() -> (Duration, usize) {
    match std::env::var("SWITCHES").is_ok_and(|form| form == "full") {
        true => (Duration::from_secs(1), 66),
        false => (Duration::from_secs(1), 12),
    }
}

#[test]
fn no_request_fails_or_sees_a_bad_version_while_files_are_swapped() {
    let (first, of_first) = config(20_002, "20m");
    let (second, of_second) = config(30_003, "30m");
    let bad = config(40_004, "40m").0 + "\n[profiles.strict.no-such-rule]\nenabled = true\n";
    let off = first.replace("\nenabled = true\n", "\nenabled = false\n");
    let of_off = disabled(Settings::parse(&off, FILE).unwrap().version());
    // Good, bad, another good, switched off: what is in force after each.
    let phases = [
        (&first, &of_first),
        (&bad, &of_first),
        (&second, &of_second),
        (&off, &of_off),
    ];

    let configs = Mount::new(&[(FILE, &second)]);
    let mut trusted = pair();
    let pairs = Mount::new(&[("tls.crt", &trusted.certificate), ("tls.key", &trusted.key)]);
    let mut server = Server::start(&[
        "--no-cluster",
        "--reload-interval",
        "0.1",
        "--config",
        &configs.file(FILE),
        "--tls-cert",
        &pairs.file("tls.crt"),
        "--tls-key",
        &pairs.file("tls.key"),
    ]);
    server.until("it is ready", |server| {
        server.get("/readyz").starts_with("HTTP/1.1 200")
    });

    let end = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..10)
        .map(|_| {
            let (mut connection, end) = (server.connect_by(&trusted.certificate), Arc::clone(&end));
            std::thread::spawn(move || {
                let mut heard: Vec<Said> = Vec::new();
                let mut requests = 0;
                while !end.load(Ordering::Relaxed) {
                    let said = ask(&mut connection);
                    requests += 1;
                    if heard.last() != Some(&said) {
                        heard.push(said);
                    }
                    std::thread::sleep(Duration::from_millis(4));
                }
                (requests, heard)
            })
        })
        .collect();

    let (stay, versions) = course();
    let mut certificates = 0;
    for turn in 0..versions {
        let (text, in_force) = phases[turn % phases.len()];
        configs.swap(&[(FILE, text)]);
        if turn % 5 == 4 {
            let old = std::mem::replace(&mut trusted, pair());
            pairs.swap(&[("tls.crt", &trusted.certificate), ("tls.key", &trusted.key)]);
            std::thread::sleep(stay);
            assert_eq!(&ask(&mut server.connect_by(&trusted.certificate)), in_force);
            let mut distrustful = server.connect_by(&old.certificate);
            let sent = distrustful.stream.write_all(b"x");
            assert!(sent.is_err(), "the old certificate is still shown");
            certificates += 1;
        } else {
            std::thread::sleep(stay);
        }
    }
    end.store(true, Ordering::Relaxed);

    let mut requests = 0;
    let mut switches: HashMap<&Said, usize> = HashMap::new();
    for client in clients {
        let (asked, heard) = client.join().expect("no request fails");
        requests += asked;
        for said in &heard {
            let known = [&of_first, &of_second, &of_off]
                .into_iter()
                .find(|known| *known == said);
            *switches
                .entry(known.unwrap_or_else(|| panic!("half of one: {said:?}")))
                .or_default() += 1;
        }
        for version in [&of_first, &of_second, &of_off] {
            let times = heard.iter().filter(|said| *said == version).count();
            assert!(times >= versions / 4 - 1, "{version:?} {times} times");
        }
    }
    let refused = server.metric("pod_hardener_config_reloads_total{outcome=\"refused\"}");
    eprintln!(
        "{requests} requests on 10 connections: {} and {} switches to the good versions, {} to the one that is switched off, \
         {refused} bad ones refused, {certificates} certificates replaced",
        switches[&of_first] / 10,
        switches[&of_second] / 10,
        switches[&of_off] / 10,
    );
    assert!(refused >= (versions / 4) as f64, "{refused} refused");
    assert_eq!(
        server.metric("pod_hardener_certificate_reloads_total{outcome=\"loaded\"}"),
        certificates as f64
    );
    assert_eq!(server.metric("pod_hardener_failures_total"), 0.0);
    assert!(
        server
            .log()
            .contains("there is no rule or key `no-such-rule`"),
        "it is refused loudly"
    );
}

#[test]
fn a_configuration_that_is_switched_off_is_told_everywhere() {
    let mount = Mount::new(&[(FILE, "version = 1\n")]);
    let args = ["--no-cluster", "--reload-interval", "0.1", "--config"];
    let file = mount.file(FILE);
    let mut server = Server::start(&[&args[..], &[&file]].concat());
    assert_eq!(server.metric("pod_hardener_config_enabled"), 1.0);
    mount.swap(&[(FILE, "version = 1\nenabled = false\n")]);
    server.until("it is switched off", |server| {
        server.metric("pod_hardener_config_enabled") == 0.0
    });
    let told = "switched off: every pod is admitted as it is";
    assert!(server.get("/readyz?verbose").contains(told));
    server.until("the log says so", |server| server.log().contains(told));
}

#[test]
fn a_refused_configuration_is_told_everywhere_and_the_last_good_one_stays() {
    let (good, of_good) = config(20_002, "20m");
    let mount = Mount::new(&[(FILE, &good)]);
    let file = mount.file(FILE);
    let mut server = Server::start(&[
        "--no-cluster",
        "--reload-interval",
        "0.1",
        "--config",
        &file,
    ]);
    let in_force = format!(
        "[+] configuration: version {} of {file}, in force for ",
        of_good.0
    );
    assert!(server.get("/readyz?verbose").contains(&in_force));

    mount.swap(&[(FILE, &format!("{good}\nnonsense = 1\n"))]);
    server.until("it is refused", |server| {
        server.metric("pod_hardener_config_refused") == 1.0
    });
    let said = server.get("/readyz?verbose");
    assert!(said.starts_with("HTTP/1.1 200"), "it still serves: {said}");
    assert!(
        said.contains("what is on disk is refused: error: "),
        "{said}"
    );
    assert!(said.contains(&format!("--> {file}:")), "{said}");
    assert_eq!(ask(&mut server.connect()), of_good);
    assert_eq!(
        server.metric("pod_hardener_config_reloads_total{outcome=\"refused\"}"),
        1.0
    );

    // The folder is empty: the file is gone.
    mount.swap(&[]);
    server.until("it is missed", |server| {
        server
            .get("/readyz?verbose")
            .contains("is refused: cannot read")
    });
    assert_eq!(
        server.metric("pod_hardener_config_reloads_total{outcome=\"unreadable\"}"),
        1.0
    );
    assert_eq!(ask(&mut server.connect()), of_good);

    mount.swap(&[(FILE, &good)]);
    server.until("all is well", |server| {
        server.metric("pod_hardener_config_refused") == 0.0
    });
    assert!(server.get("/readyz?verbose").contains(&in_force));
    assert_eq!(
        server.metric("pod_hardener_config_reloads_total{outcome=\"loaded\"}"),
        0.0
    );

    let (other, of_other) = config(30_003, "30m");
    let loaded = server.metric("pod_hardener_config_last_load_timestamp_seconds");
    mount.swap(&[(FILE, &other)]);
    server.until("it is loaded", |server| {
        server.metric("pod_hardener_config_reloads_total{outcome=\"loaded\"}") == 1.0
    });
    assert_eq!(ask(&mut server.connect()), of_other);
    let metrics = server.get("/metrics");
    let info = format!("pod_hardener_config_info{{version=\"{}\"}} 1\n", of_other.0);
    assert!(metrics.contains(&info), "{metrics}");
    assert!(server.metric("pod_hardener_config_last_load_timestamp_seconds") > loaded);
}

#[test]
fn a_pair_that_is_none_is_refused_and_the_old_one_stays() {
    let (old, other) = (pair_until(2100), pair_until(9999));
    let expiry = "pod_hardener_certificate_expiry_timestamp_seconds{certificate=\"serving\"}";
    let mount = Mount::new(&[("tls.crt", &old.certificate), ("tls.key", &old.key)]);
    let (certificate, key) = (mount.file("tls.crt"), mount.file("tls.key"));
    let flags = ["--no-cluster", "--reload-interval", "0.1"];
    let flags = [&flags[..], &["--tls-cert", &certificate, "--tls-key", &key]].concat();
    let mut server = Server::start(&flags);
    server.until("it is ready", |server| {
        server.get("/readyz").starts_with("HTTP/1.1 200")
    });
    let mut kept = server.connect_by(&old.certificate);
    kept.ask();
    let refused = "pod_hardener_certificate_reloads_total{outcome=\"refused\"}";
    for (number, (certificate, key)) in [
        (&other.certificate, &old.key),
        (&old.certificate, &other.key),
        (&String::new(), &old.key),
        (
            &other.certificate,
            &"-----BEGIN PRIVATE KEY-----\n".to_owned(),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        mount.swap(&[("tls.crt", certificate), ("tls.key", key)]);
        server.until("it is refused", |server| {
            server.metric(refused) == (number + 1) as f64
        });
        let said = server.get("/readyz?verbose");
        assert!(said.starts_with("HTTP/1.1 200"), "{said}");
        assert!(said.contains("[!] certificate: "), "{said}");
        assert!(said.contains("valid until 2100-01-01T00:00:00Z"), "{said}");
        // `date -d @4102444800`
        assert_eq!(server.metric(expiry), 4_102_444_800.0);
        server.connect_by(&old.certificate).ask();
        kept.ask();
    }
    mount.swap(&[("tls.crt", &other.certificate), ("tls.key", &other.key)]);
    server.until("it is loaded", |server| {
        server.metric("pod_hardener_certificate_refused") == 0.0
    });
    server.connect_by(&other.certificate).ask();
    kept.ask();
    assert_eq!(server.metric(expiry), 253_370_764_800.0);
}

#[test]
fn sighup_reads_the_files_at_once() {
    let (good, of_good) = config(20_002, "20m");
    let (other, of_other) = config(30_003, "30m");
    let mount = Mount::new(&[(FILE, &good)]);
    let file = mount.file(FILE);
    let mut server = Server::start(&[
        "--no-cluster",
        "--reload-interval",
        "3600",
        "--config",
        &file,
    ]);
    for (times, (text, said)) in [(&other, &of_other), (&good, &of_good)].iter().enumerate() {
        mount.swap(&[(FILE, text)]);
        server.signal("HUP");
        server.until("it is in force", |server| {
            &ask(&mut server.connect()) == *said
        });
        let loaded = server.metric("pod_hardener_config_reloads_total{outcome=\"loaded\"}");
        assert!(loaded <= (times + 1) as f64);
    }
    mount.swap(&[(FILE, &other)]);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(ask(&mut server.connect()), of_good, "nobody asked for it");
}
