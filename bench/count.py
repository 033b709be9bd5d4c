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
        counted[review.name] = answer(binary, root / "examples/overrides.toml", review)
    return counted


def answer(binary, config, review, *level):
    """Of one answer and its record: twice as many answers less as many, so that the start is not in it."""
    more, less = (total([binary, config, review, PROFILE, str(times), *level]) for times in (2 * TIMES, TIMES))
    return (more - less) // TIMES


def total(program):
    # What the environment holds lies on the stack, and moves what follows.
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", *program]
        done = subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))
