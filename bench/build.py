"""The binaries that are measured, and the reviews that they answer."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BODIES = Path(os.environ.get("BENCH_BODIES") or ROOT.parent / "shared/bench")
CONFIG = ROOT / "examples/overrides.toml"
LINKED = ["-Wl,-z,pack-relative-relocs", f"-Wl,-T,{ROOT}/link/first.ld"]
STATIC = ["--", "-C", "target-feature=+crt-static", *(word for flag in LINKED for word in ("-C", f"link-arg={flag}"))]


def review(size, quick):
    """The review of that size; in a hurry, and where it is not there, the example."""
    file = BODIES / f"{size}.json"
    if file.exists():
        return file
    if not quick:
        raise SystemExit(f"there is no {file.name} in {BODIES}; name its folder by BENCH_BODIES")
    return ROOT / "examples/review.json"


def cargo(*arguments, folder=ROOT):
    environment = os.environ | {"CARGO_TARGET_DIR": str(ROOT / "target")}
    subprocess.run(["cargo", *arguments], cwd=folder, env=environment, check=True)


def build(quick, beside):
    """The program and what is measured `beside` it: in a hurry, as the tests have them; otherwise static and optimised, as in the
    Dockerfile."""
    if quick:
        cargo("build", "--quiet", "--bin", "pod-hardener")
        cargo("build", "--quiet", "--locked", "--bins", folder=ROOT / "bench")
    else:
        cargo("rustc", "--release", "--locked", "--bin", "pod-hardener", *STATIC)
        for name in beside:
            cargo("rustc", "--release", "--locked", "--bin", name, *STATIC, folder=ROOT / "bench")
    folder = ROOT / "target" / ("debug" if quick else "release")
    return [str(folder / name) for name in ["pod-hardener", *beside]]
