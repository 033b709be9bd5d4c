//! How the server starts, and how it does not.

use std::process::{Command, Output};

use crate::mount::Mount;
use crate::pair::pair;
use crate::process::Server;

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
    let config = folder.path().join("bad.toml");
    let text = "version = 1\n[profiles.off]\nno-such-rule.enabled = true\n";
    std::fs::write(&config, text).unwrap();
    let config = config.display().to_string();
    for (args, said) in [
        (vec!["--tls-cert", "/nowhere.crt"], "--tls-key <FILE>"),
        (vec!["--shutdown-delay=-1"], "give seconds, as 2 or 0.5"),
        (vec!["--reload-interval", "0"], "give 0.1 or more"),
        (vec!["--max-connections", "0"], "0 is not in 1..="),
        (
            vec!["--write-ca", "/nowhere/ca.pem"],
            "--write-ca: cannot write /nowhere/ca.pem",
        ),
        (
            vec!["--config", "/nowhere.toml"],
            "cannot read the configuration /nowhere.toml",
        ),
        (
            vec!["--config", &config],
            "there is no rule or key `no-such-rule`",
        ),
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

#[test]
fn a_certificate_that_is_missing_or_wrong_is_waited_for_and_named() {
    let mount = Mount::new(&[]);
    let (certificate, key) = (mount.file("tls.crt"), mount.file("tls.key"));
    let flags = ["--no-cluster", "--reload-interval", "0.1"];
    let flags = [&flags[..], &["--tls-cert", &certificate, "--tls-key", &key]].concat();
    let mut server = Server::start(&flags);
    let (one, two) = (pair(), pair());
    for (files, said) in [
        (vec![], format!("cannot read {certificate}")),
        (
            vec![("tls.crt", ""), ("tls.key", &one.key)],
            format!("there is no certificate in {certificate}"),
        ),
        (
            vec![("tls.crt", &one.certificate), ("tls.key", "")],
            format!("there is no private key in {key}"),
        ),
        (
            vec![("tls.crt", &one.certificate), ("tls.key", &two.key)],
            "do not make a pair".to_owned(),
        ),
    ] {
        mount.swap(&files);
        server.until(&said, |server| {
            server.get("/readyz?verbose").contains(&said)
        });
        server.until("the log says so", |server| server.log().contains(&said));
        assert!(server.get("/readyz").starts_with("HTTP/1.1 503"));
        assert!(
            server
                .get("/readyz")
                .ends_with("there is no certificate yet\n")
        );
        assert!(server.get("/livez").starts_with("HTTP/1.1 200"));
    }
    mount.swap(&[("tls.crt", &one.certificate), ("tls.key", &one.key)]);
    server.until("it is ready", |server| {
        server.get("/readyz").starts_with("HTTP/1.1 200")
    });
    server.connect_by(&one.certificate).ask();
}
