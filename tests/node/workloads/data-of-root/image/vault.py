"""Secrets in a database and a key that only its own user may read, below /data."""

import http.server
import os
import signal
import sqlite3
import sys

os.umask(0o077)
if not os.path.exists("/data/rsa_key.pem"):
    with open("/data/rsa_key.pem", "w") as key:
        key.write("key")
with open("/data/rsa_key.pem") as key:
    assert key.read() == "key"
DATABASE = sqlite3.connect("/data/db.sqlite3", check_same_thread=False, isolation_level=None)
DATABASE.execute("pragma journal_mode = wal")
DATABASE.execute("create table if not exists secret (path text primary key, body blob)")


class Vault(http.server.BaseHTTPRequestHandler):
    def reply(self, status, text=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        DATABASE.execute("insert or replace into secret values (?, ?)", (self.path, body))
        self.reply(200, b"saved\n")

    def do_GET(self):
        rows = DATABASE.execute("select body from secret where path = ?", (self.path,)).fetchall()
        self.reply(200, rows[0][0]) if rows else self.reply(404)

    def log_message(self, *_):
        pass


if sys.argv[1:] == ["--import"]:
    DATABASE.execute("insert or replace into secret values ('/old', ?)", (b"of root",))
    DATABASE.close()
else:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    http.server.HTTPServer((os.environ["ROCKET_ADDRESS"], int(os.environ["ROCKET_PORT"])), Vault).serve_forever()
