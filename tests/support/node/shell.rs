//! Commands of the machine, and pages of small servers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

/// Runs a command and gives what it prints; what it complains of is the error.
pub(crate) fn output(words: &[&str]) -> anyhow::Result<String> {
    output_of(words, Stdio::null())
}

/// The same, of a command that reads.
pub(super) fn output_of(words: &[&str], stdin: Stdio) -> anyhow::Result<String> {
    let [program, arguments @ ..] = words else {
        bail!("there is no command");
    };
    let output = Command::new(program)
        .args(arguments)
        .stdin(stdin)
        .output()
        .with_context(|| format!("cannot start {program}"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("{}: {}", words.join(" "), complaint.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command, written as in a shell without quotes.
pub(crate) fn run(line: &str) -> anyhow::Result<()> {
    output(&line.split_whitespace().collect::<Vec<_>>()).map(drop)
}

/// The page that a server at `address` has at `path`, over plain HTTP.
pub(crate) fn get(address: &str, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address.parse()?, Duration::from_secs(2))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    // In one piece: a small server answers the first that it reads.
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes())?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    let Some((_, body)) = reply.split_once("\r\n\r\n") else {
        bail!("{address}{path} answers {reply:?}");
    };
    Ok(body.to_owned())
}
