"""Instructions of the core by callgrind: they repeat exactly, whatever else the machine does."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grown

PROFILE, TIMES = "strict", 20


def count(root, bodies):
    """Instructions for one answer and its record, of each review that is there. Nothing, and loudly, where valgrind is not."""
    binary = core(root)
    if not binary:
        return {}
    reviews = [root / "examples/review.json", *(bodies / f"{size}.json" for size in ("small", "typical", "large"))]
    counted = {}
    for review in reviews:
        if not review.exists():
            print(f"SKIPPED: there is no {review} to count", file=sys.stderr)
            continue
        counted[review.name] = answer(binary, root / "examples/overrides.toml", review)
    return counted


def core(root):
    """The core, built; nothing, and loudly, where valgrind is not."""
    if not shutil.which("valgrind"):
        print("SKIPPED: no instruction was counted, since there is no valgrind; install Debian's", file=sys.stderr)
        return None
    target = root / "target"
    environment = os.environ | {"CARGO_TARGET_DIR": str(target)}
    build = ["cargo", "build", "--quiet", "--release", "--locked"]
    subprocess.run(build, cwd=root / "bench/core", env=environment, check=True)
    return target / "release/pod-hardener-core"


def curves(root, review):
    """Instructions by size, pairs of both, for everything that a review or a configuration can have more of."""
    binary, examples = core(root), root / "examples/overrides.toml"
    if not binary:
        return {}
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(os.cpu_count()) as at_once:
        folder = Path(name)

        def file(of, content):
            made = folder / f"{len(os.listdir(folder))}-{of}"
            made.write_text(content)
            return made

        def curve(sizes, each):
            return [(size, at_once.submit(*each(size))) for size in sizes]

        def of_review(make, config):
            return lambda size: (answer, binary, config, file("review", grown.text(make(review, size))), 1)

        ours, configs = file("review", grown.text(grown.of_first_image(review))), {}
        for number in grown.OVERRIDES:
            configs[number] = file("config", grown.overrides(number))
        counted = {}
        for name, (make, sizes) in grown.REVIEWS.items():
            # Of more bytes there is nothing more to see, and callgrind takes seconds for them.
            counted[name] = curve([size for size in sizes if size <= 1_000_000], of_review(make, examples))
        of_each = of_review(grown.containers, file("config", grown.overrides(grown.CONTAINERS[-1])))
        counted["containers, an override each"] = curve(grown.CONTAINERS, of_each)
        counted["overrides"] = curve(configs, lambda number: (answer, binary, configs[number], ours, 1))
        reading = lambda number: (total, [binary, configs[number], ours, PROFILE, "0"])
        counted["overrides, to read them"] = curve(configs, reading)
        return {name: [(size, done.result()) for size, done in points] for name, points in counted.items()}


def answer(binary, config, review, times=TIMES, level="full"):
    """Of one answer and its record: twice as many answers less as many, so that the start is not in it."""
    more, less = (total([binary, config, review, PROFILE, str(each), level]) for each in (2 * times, times))
    return (more - less) // times


def total(program):
    # What the environment holds lies on the stack, and moves what follows.
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", *program]
        done = subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))
