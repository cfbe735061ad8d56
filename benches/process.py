#!/usr/bin/env python3
"""The reckoning of benches/process.sh.

    process.py same FILE FILE    exit 1 unless the two YAML files hold the same data in the same order
    process.py memory PROGRAM    the most KiB that the program takes here
    process.py report FOLDER     a table of FOLDER/COUNT-LAYOUT/NAME.json (as hyperfine writes them), and the goals
"""

import json
import resource
import subprocess
import sys
from pathlib import Path

import yaml

NAMES = {
    "rg": "`rg -c ^FROM`",
    "find": "`find -name 'Dockerfile*'`",
    "unchanged": "mkcompose, nothing to write",
    "lint": "mkcompose lint",
    "anew": "mkcompose, both files written anew",
    "python": "Python with PyYAML",
    "shell": "shell loop",
}


def same(first, second):
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    a, b = (yaml.load(Path(file).read_text(encoding="utf-8"), Loader=loader) for file in (first, second))
    if a != b or list(a["services"]) != list(b["services"]):
        sys.exit(f"{first} and {second} differ")


def milliseconds(seconds):
    return f"{seconds * 1000:,.1f}"


def memory(program):
    subprocess.run([program, "--quiet"], check=True)
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def report(folder):
    measured = {}
    print("| Dockerfiles | | wall, median ms | wall, least ms | CPU ms | wall ÷ rg | CPU ÷ rg |")
    print("| --: | --- | --: | --: | --: | --: | --: |")
    for path in sorted(Path(folder).iterdir(), key=lambda path: (path.name.split("-")[-1], len(path.name), path.name)):
        if not path.is_dir():
            continue
        count, layout = path.name.split("-")
        for name, words in NAMES.items():
            if not (path / f"{name}.json").exists():
                continue
            result = json.loads((path / f"{name}.json").read_text(encoding="utf-8"))["results"][0]
            cpu = result["user"] + result["system"]
            key = (int(count), layout)
            wall = measured[(*key, name, "wall")] = result["median"]
            measured[(*key, name, "CPU")] = cpu
            by = wall / measured[(*key, "rg", "wall")], cpu / measured[(*key, "rg", "CPU")]
            times = [milliseconds(seconds) for seconds in (wall, result["min"], cpu)]
            print(f"| {int(count):,} {layout} | {words} | {' | '.join(times)} | {by[0]:.2f} | {by[1]:.2f} |")
        print(f"| {int(count):,} {layout} | memory: {int((path / 'memory').read_text()):,} KiB | | | | | |")
    goals(measured)


def goals(measured):
    """Each goal by wall time and by CPU time, where the run measured what it speaks of."""
    wanted = []
    for layout in ("flat", "folders"):
        ten, hundred = (10_000, layout), (100_000, layout)
        wanted += [
            (f"10,000 {layout}: at most 2 × rg", (*ten, "unchanged"), (*ten, "rg"), 2),
            (f"10,000 {layout}: lint at most 3 × rg", (*ten, "lint"), (*ten, "rg"), 3),
            (f"{layout}: from 10,000 to 100,000 linear", (*hundred, "unchanged"), (*ten, "unchanged"), 10 * 1.3),
        ]
    shell = ((10_000, "flat", "anew"), (10_000, "flat", "shell"))
    wanted.append(("10,000 flat: at least 50 × faster than the shell loop", *shell, 1 / 50))
    for words, ours, other, most in wanted:
        for kind in ("wall", "CPU"):
            if (*ours, kind) in measured and (*other, kind) in measured:
                ratio = measured[(*ours, kind)] / measured[(*other, kind)]
                shown = f"{ratio:.2f}" if most >= 1 else f"1/{1 / ratio:,.0f}"
                print(f"{'met' if ratio <= most else 'NOT MET'}: {words}, by {kind} time: {shown}")


if __name__ == "__main__":
    {"same": same, "memory": memory, "report": report}[sys.argv[1]](*sys.argv[2:])
