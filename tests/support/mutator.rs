//! Another mutating webhook: it answers every review with one patch, once for each pod.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pod_hardener::serve::tls::Identity;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// The webhook. Its thread ends with the process, or with the first connection after this value is gone.
pub(crate) struct Mutator {
    url: String,
    ca: String,
    ended: Arc<AtomicBool>,
}

impl Mutator {
    /// Starts it on a free port.
    pub(crate) fn start(patch: Value) -> Self {
        let identity = Identity::self_made(Ipv4Addr::LOCALHOST.into()).expect("an identity");
        let ca = identity.ca_pem().expect("a CA of its own").to_owned();
        let acceptor = TlsAcceptor::from(identity.into_server_config().expect("a pair"));
        let ended = Arc::new(AtomicBool::new(false));
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener
            .set_nonblocking(true)
            .expect("a socket that does not block");
        let url = format!(
            "https://{}/",
            listener.local_addr().expect("a bound address")
        );
        let end = Arc::clone(&ended);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("a listener");
                while let Ok((stream, _)) = listener.accept().await {
                    if end.load(Ordering::Relaxed) {
                        break;
                    }
                    if let Ok(mut stream) = acceptor.accept(stream).await {
                        answer(&mut stream, &patch).await;
                    }
                }
            });
        });
        Self { url, ca, ended }
    }

    /// Its registration for one namespace and one operation, never called again. Webhooks are sorted by `name` (C1).
    pub(crate) fn registration(&self, name: &str, namespace: &str, rule: Value) -> Value {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": name},
            "webhooks": [{
                "name": "mutator.test.example",
                "clientConfig": {"url": self.url, "caBundle": STANDARD.encode(&self.ca)},
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "rules": [rule],
                "failurePolicy": "Fail",
                "reinvocationPolicy": "Never",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }],
        })
    }
}

impl Drop for Mutator {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

/// Reads one request and answers it; the connection is closed then.
async fn answer(
    stream: &mut tokio_rustls::server::TlsStream<tokio::net::TcpStream>,
    patch: &Value,
) {
    let mut request = Vec::new();
    let mut chunk = [0; 4_096];
    let review: Value = loop {
        let Ok(read @ 1..) = stream.read(&mut chunk).await else {
            return;
        };
        request.extend_from_slice(&chunk[..read]);
        let Some(head) = request.windows(4).position(|end| end == b"\r\n\r\n") else {
            continue;
        };
        if let Ok(review) = serde_json::from_slice(&request[head + 4..]) {
            break review;
        }
    };
    let body = json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {
            "uid": review["request"]["uid"],
            "allowed": true,
            "patchType": "JSONPatch",
            "patch": STANDARD.encode(patch.to_string()),
        },
    })
    .to_string();
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length:";
    let reply = format!("{head} {}\r\n\r\n{body}", body.len());
    // A client that is gone needs no answer.
    let _ = stream.write_all(reply.as_bytes()).await;
    let _ = stream.shutdown().await;
}
