//! What `make bench` measures the program against.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::Context;
use pod_hardener::serve::{bench, tls::Identity};
use tokio::net::TcpListener;

/// More connections than a run has.
const MOST: usize = 2_000;

/// Serves what `answer` makes of each body, on the program's own layer of HTTP and TLS, at the address that is the first
/// argument, on one thread as the program does. Where there is a second one, it is the file for the CA that a client has to
/// trust, as PEM.
///
/// # Errors
///
/// Where there is no such argument, nothing can listen there, or the file cannot be written.
pub fn serve(
    answer: impl Fn(Vec<u8>) -> Vec<u8> + Clone + Send + Sync + 'static,
) -> anyhow::Result<Infallible> {
    let argument = std::env::args().nth(1).context("give ADDR:PORT")?;
    let address: SocketAddr = argument.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await?;
        let identity = Identity::self_made(address.ip())?;
        if let (Some(file), Some(ca)) = (std::env::args().nth(2), identity.ca_pem()) {
            std::fs::write(file, ca)?;
        }
        Ok(bench::run(&listener, identity, MOST, answer).await?)
    })
}
