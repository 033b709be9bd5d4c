//! Between the webhook and the API server: a line that can be cut.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, oneshot};

/// A proxy on a free port of the loopback address; it ends with this value.
pub(super) struct Proxy {
    pub(super) url: String,
    is_open: Arc<AtomicBool>,
    cut: broadcast::Sender<()>,
    _end: oneshot::Sender<()>,
}

impl Proxy {
    /// Starts one that leads to `url`.
    pub(super) fn start(url: &str) -> io::Result<Self> {
        let target: SocketAddr = url
            .trim_start_matches("https://")
            .parse()
            .map_err(io::Error::other)?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let url = format!("https://{}", listener.local_addr()?);
        let (cut, _) = broadcast::channel(1);
        let is_open = Arc::new(AtomicBool::new(true));
        let (end, ended) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (open, cuts) = (Arc::clone(&is_open), cut.clone());
        std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = accept(listener, target, open, cuts) => {}
                    _ = ended => {}
                }
            });
        });
        Ok(Self {
            url,
            is_open,
            cut,
            _end: end,
        })
    }

    /// Cuts every connection; new ones get through.
    pub(super) fn cut(&self) {
        // There may be none.
        let _ = self.cut.send(());
    }

    /// Lets nothing through any more.
    pub(super) fn close(&self) {
        self.is_open.store(false, Ordering::Relaxed);
        self.cut();
    }

    /// Lets connections through again.
    pub(super) fn open(&self) {
        self.is_open.store(true, Ordering::Relaxed);
    }
}

async fn accept(
    listener: std::net::TcpListener,
    target: SocketAddr,
    is_open: Arc<AtomicBool>,
    cuts: broadcast::Sender<()>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (mut here, _) = listener.accept().await?;
        if !is_open.load(Ordering::Relaxed) {
            continue;
        }
        let mut cut = cuts.subscribe();
        tokio::spawn(async move {
            let Ok(mut there) = TcpStream::connect(target).await else {
                return;
            };
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut here, &mut there) => {}
                _ = cut.recv() => {}
            }
        });
    }
}
