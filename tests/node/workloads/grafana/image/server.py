"""Dashboards in a database in the data folder, a log in the log folder."""

import http.server
import os
import signal
import sqlite3
import sys
import threading

DATABASE = os.path.join(os.environ["GF_PATHS_DATA"], "grafana.db")
LOG = open(os.path.join(os.environ["GF_PATHS_LOGS"], "grafana.log"), "a", buffering=1)
LOCK = threading.Lock()


def query(statement, *values):
    with LOCK, sqlite3.connect(DATABASE) as database:
        return database.execute(statement, values).fetchall()


class Dashboards(http.server.BaseHTTPRequestHandler):
    def reply(self, status, text=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        query("insert or replace into dashboard values (?, ?)", self.path, body)
        self.reply(200, b"saved\n")

    def do_GET(self):
        rows = query("select body from dashboard where path = ?", self.path)
        self.reply(200, rows[0][0]) if rows else self.reply(404)

    def log_message(self, form, *values):
        LOG.write(form % values + "\n")


signal.signal(signal.SIGTERM, lambda *_: sys.exit())
query("create table if not exists dashboard (path text primary key, body blob)")
http.server.ThreadingHTTPServer(("", 3000), Dashboards).serve_forever()
