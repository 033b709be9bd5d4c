"""Instructions of the core by callgrind: they repeat exactly, whatever else the machine does."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

PROFILE, TIMES = "strict", 20


def count(root, bodies):
    """Instructions for one answer and its record, of each review that is there. Nothing, and loudly, where valgrind is not."""
    if not shutil.which("valgrind"):
        print("SKIPPED: no instruction was counted, since there is no valgrind; install Debian's", file=sys.stderr)
        return {}
    target = root / "target"
    environment = os.environ | {"CARGO_TARGET_DIR": str(target)}
    build = ["cargo", "build", "--quiet", "--release", "--locked"]
    subprocess.run(build, cwd=root / "bench/core", env=environment, check=True)
    binary = target / "release/pod-hardener-core"
    reviews = [root / "examples/review.json", *(bodies / f"{size}.json" for size in ("small", "typical", "large"))]
    counted = {}
    for review in reviews:
        if not review.exists():
            print(f"SKIPPED: there is no {review} to count", file=sys.stderr)
            continue
        more, less = (total(binary, root, review, times) for times in (2 * TIMES, TIMES))
        counted[review.name] = (more - less) // TIMES
    return counted


def total(binary, root, review, times):
    # What the environment holds lies on the stack, and moves what follows.
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", binary]
        command += [root / "examples/overrides.toml", review, PROFILE, str(times)]
        done = subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))
