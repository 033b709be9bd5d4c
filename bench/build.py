"""The program as it is released, the servers that it is measured beside, and the reviews that they answer."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import train

ROOT = Path(__file__).resolve().parent.parent
BODIES = Path(os.environ.get("BENCH_BODIES") or ROOT.parent / "shared/bench")
CONFIG = ROOT / "examples/overrides.toml"
# What runs often, what runs seldom and what never did lie apart, so that of the last hardly anything is resident.
STATIC = ["-Ctarget-feature=+crt-static", "-Clink-arg=-Wl,-z,pack-relative-relocs", "-Clink-arg=-Wl,-z,keep-text-section-prefix"]


def review(size, quick):
    """The review of that size; in a hurry, and where it is not there, the example."""
    file = BODIES / f"{size}.json"
    if file.exists():
        return file
    if not quick:
        raise SystemExit(f"there is no {file.name} in {BODIES}; name its folder by BENCH_BODIES")
    return ROOT / "examples/review.json"


def cargo(*arguments, folder=ROOT, **environment):
    environment = os.environ | {"CARGO_TARGET_DIR": str(ROOT / "target")} | environment
    subprocess.run(["cargo", *arguments], cwd=folder, env=environment, check=True)


def rustc(*arguments):
    return subprocess.run(["rustc", *arguments], capture_output=True, text=True, check=True).stdout.strip()


def host():
    """The kind of machine that this one is."""
    return rustc("--print", "host-tuple")


def compiled(name, target, flags=(), linked=(), folder=ROOT):
    """A program static and optimised, by further flags for all that it is made of, but not for what only builds it, and for the linker."""
    command = ["rustc", "--quiet", "--release", "--locked", "--target", target, "--bin", name, "--", *linked]
    cargo(*command, folder=folder, CARGO_ENCODED_RUSTFLAGS="\x1f".join([*STATIC, *flags]))
    return ROOT / "target" / target / "release" / name


def merger():
    """The llvm-profdata of the compiler's LLVM."""
    version = re.search(r"LLVM version: (\d+)", rustc("-vV")).group(1)
    own = Path(rustc("--print", "target-libdir")).parent / "bin/llvm-profdata"
    if found := shutil.which(own) or shutil.which(f"llvm-profdata-{version}"):
        return found
    raise SystemExit(f"there is no llvm-profdata of LLVM {version}: `rustup component add llvm-tools`, or Debian's llvm-{version}")


def names(merge, folder, asked):
    """The symbols of all functions that ran."""
    text = folder / "names.txt"
    subprocess.run([merge, "merge", "--text", "--sparse", "-o", text, *folder.glob(f"{asked}-*.profraw")], check=True)
    return re.findall(r"^(?:.*;)?(\S+)\n# Func Hash:", text.read_text(), re.MULTILINE)


def profiled():
    """Flags that tell the compiler what of the program runs how often, since a build that counts was asked what a server is asked; and
    those that tell the linker what of it a server runs at all, the start included."""
    merge = merger()
    counts = compiled("pod-hardener", host(), ["-Cprofile-generate"])
    # By another path where either is another, since cargo does not look into it.
    made_of = hashlib.sha256(counts.read_bytes() + Path(train.__file__).read_bytes()).hexdigest()
    known = ROOT / "target/profiles" / f"{made_of[:16]}.profdata"
    ran = known.with_suffix(".ran")
    if not (known.exists() and ran.exists()):
        known.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            train.run(counts, CONFIG, folder)
            ran.write_text("\n".join(dict.fromkeys([*names(merge, folder, "started"), *names(merge, folder, "served")])) + "\n")
            subprocess.run([merge, "merge", "-o", known, *folder.glob("*.profraw")], check=True)
    # The linker that the compiler brings along for this kind of machine alone knows that.
    ordered = [f"-Clink-arg=-Wl,--symbol-ordering-file,{ran},--no-warn-symbol-ordering"]
    return [f"-Cprofile-use={known}"], ordered if host().startswith("x86_64") else []


def released(target=None):
    """The program as it is released. For another kind of machine than this one, where nothing can be counted, without a profile."""
    target = target or host()
    return compiled("pod-hardener", target, *(profiled() if target == host() else []))


def build(quick, beside):
    """The program and what is measured `beside` it, by the same flags; in a hurry, as the tests have them."""
    if quick:
        cargo("build", "--quiet", "--bin", "pod-hardener")
        cargo("build", "--quiet", "--locked", "--bins", folder=ROOT / "bench")
        return [str(ROOT / "target/debug" / name) for name in ["pod-hardener", *beside]]
    flags = profiled()
    others = [compiled(name, host(), *flags, ROOT / "bench") for name in beside]
    return [str(binary) for binary in [compiled("pod-hardener", host(), *flags), *others]]
