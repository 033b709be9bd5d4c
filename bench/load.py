"""The load: h2load over HTTP/1.1, on the core that the servers are not on."""

import re
import subprocess
import tempfile

from servers import OTHER

HARDEN = "/harden/strict"


def h2load(server, body, *flags, path=HARDEN):
    """Requests per second, how many were answered, and seconds."""
    command = ["taskset", "-c", OTHER, "h2load", "--h1", "-d", body, "-H", "content-type: application/json", *flags]
    command.append(f"https://127.0.0.1:{server.port}{path}")
    # It would wait for an answer for ever.
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    output = done.stdout
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr or output}")
    seconds, unit, rate = re.search(r"finished in ([\d.]+)(us|ms|s), ([\d.]+) req/s", output).groups()
    done, failed = re.search(r"(\d+) succeeded, (\d+) failed", output).groups()
    good = re.search(r"status codes: (\d+) 2xx", output).group(1)
    # A 500 is fast, and says nothing of an answer.
    if int(failed) or int(good) < int(done) or not int(done):
        raise SystemExit(f"not every request was answered:\n{output}")
    return float(rate), int(done), float(seconds) * {"us": 1e-6, "ms": 1e-3, "s": 1}[unit]


def saturated(server, body, milliseconds):
    """Requests per second, and seconds of CPU per request, on ten connections."""
    before = server.cpu()
    rate, done, _ = h2load(server, body, "-c", "10", "-D", f"{milliseconds}ms")
    return rate, (server.cpu() - before) / done


def cost(server, body, *flags):
    """CPU for each request, and the times in which half of them and 99 of 100 were answered: all in µs."""
    before = server.cpu()
    with tempfile.NamedTemporaryFile("r") as log:
        _, done, _ = h2load(server, body, *flags, "--log-file", log.name)
        took = sorted(int(line.split("\t")[2]) for line in log)
    return {
        "cpu_us": (server.cpu() - before) / done * 1e6,
        "p50_us": took[len(took) // 2],
        "p99_us": took[len(took) * 99 // 100],
    }


def p99(server, body, milliseconds):
    """Of 2,000 requests per second on ten connections, µs."""
    with tempfile.NamedTemporaryFile("r") as log:
        h2load(server, body, "-c", "10", "-D", f"{milliseconds}ms", "--rps", "200", "--log-file", log.name)
        took = sorted(int(line.split("\t")[2]) for line in log)
    return took[len(took) * 99 // 100]


def handshakes(server, body, bursts):
    """Connections with one request each per second, in bursts of 200."""
    burst = ("-c", "200", "-n", "200")
    return 200 * bursts / sum(h2load(server, body, *burst)[2] for _ in range(bursts))
