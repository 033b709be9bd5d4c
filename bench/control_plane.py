"""A real kube-apiserver with its etcd, on loopback ports of their own, and how its objects are made."""

import http.client
import json
import ssl
import subprocess
from pathlib import Path

from servers import OTHER, Server, free_port

TOKEN = "admin-of-bench"
AUDIT = "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n"


class ControlPlane:
    """Of the binaries in `assets`, with its files in `folder`. Whoever enters it ends it; nothing else runs in the cluster."""

    def __init__(self, assets, folder, ends):
        self.folder = Path(folder)
        self.port, client, peer = free_port(), free_port(), free_port()
        # The API server makes itself a certificate, in a folder that nobody else can write to, and listens on loopback.
        self.tls = ssl._create_unverified_context()
        self._write()
        etcd = [f"{assets}/etcd", f"--data-dir={folder}/etcd", "--unsafe-no-fsync"]
        for flag, port in [("listen-client-urls", client), ("advertise-client-urls", client), ("listen-peer-urls", peer)]:
            etcd.append(f"--{flag}=http://127.0.0.1:{port}")
        etcd += [f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}", f"--initial-cluster=default=http://127.0.0.1:{peer}"]
        # A dry run stores nothing, so that etcd has nothing to do with what is measured.
        ends.enter_context(Server(etcd, client, core=OTHER, errors=self.folder / "etcd.log"))
        self.server = ends.enter_context(Server(self._command(assets, client), self.port, self._is_ready, errors=self.folder / "log"))

    def _command(self, assets, etcd):
        key = f"{self.folder}/service-account.key"
        return [
            f"{assets}/kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{etcd}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--cert-dir={self.folder}/certificates",
            # It refuses to advertise a loopback address as the endpoint of the Service `kubernetes`.
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={key}",
            f"--service-account-key-file={key}",
            f"--token-auth-file={self.folder}/tokens.csv",
            # As clusters have it, since what a webhook or a policy adds to the record is a part of what it costs. Into a pipe that is read.
            f"--audit-policy-file={self.folder}/audit-policy.yaml",
            "--audit-log-path=-",
            "--profiling=false",
        ]

    def _write(self):
        key = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.folder / "service-account.key"]
        subprocess.run(key, check=True, capture_output=True)
        (self.folder / "tokens.csv").write_text(f'{TOKEN},admin,admin,"system:masters"\n')
        (self.folder / "audit-policy.yaml").write_text(AUDIT)
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "bench", "cluster": {"server": self.url(""), "insecure-skip-tls-verify": True}}],
            "users": [{"name": "bench", "user": {"token": TOKEN}}],
            "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
            "current-context": "bench",
        }
        self.kubeconfig().write_text(json.dumps(config))

    def kubeconfig(self):
        return self.folder / "kubeconfig"

    def url(self, path):
        return f"https://127.0.0.1:{self.port}{path}"

    def _ask(self, method, path, body=None, kind="application/json"):
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=self.tls)
        connection.request(method, path, body, {"authorization": f"Bearer {TOKEN}", "content-type": kind})
        reply = connection.getresponse()
        return reply.status, reply.read()

    def _is_ready(self):
        return self._ask("GET", "/readyz")[0] == 200

    def make(self, path, body):
        """Posts an object, which is a dictionary, or the text of one in YAML; returns what became of it."""
        text, kind = (body, "application/yaml") if isinstance(body, str) else (json.dumps(body), "application/json")
        status, reply = self._ask("POST", path, text, kind)
        if status != 201:
            raise SystemExit(f"POST {path}: {status} {reply.decode()}")
        return json.loads(reply)
