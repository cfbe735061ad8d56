#!/usr/bin/env python3
"""The reckoning of benches/process.sh.

    process.py same FILE FILE    exit 1 unless the two YAML files hold the same data in the same order
    process.py report FOLDER     a table of FOLDER/COUNT/NAME.json (as hyperfine writes them), and the goals
"""

import json
import sys
from pathlib import Path

import yaml

NAMES = {
    "find": "`find -name 'Dockerfile.*'`",
    "unchanged": "mkcompose, nothing to write",
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


def report(folder):
    measured = {}
    print("| Dockerfiles | | wall, median ms | wall, least ms | CPU ms | wall ÷ find | CPU ÷ find |")
    print("| --: | --- | --: | --: | --: | --: | --: |")
    for count in sorted(int(path.name) for path in Path(folder).iterdir() if path.is_dir()):
        for name, words in NAMES.items():
            path = Path(folder, str(count), f"{name}.json")
            if not path.exists():
                continue
            result = json.loads(path.read_text(encoding="utf-8"))["results"][0]
            cpu = result["user"] + result["system"]
            wall = measured[count, name, "wall"] = result["median"]
            measured[count, name, "CPU"] = cpu
            by = wall / measured[count, "find", "wall"], cpu / measured[count, "find", "CPU"]
            times = [milliseconds(seconds) for seconds in (wall, result["min"], cpu)]
            print(f"| {count:,} | {words} | {' | '.join(times)} | {by[0]:.2f} | {by[1]:.2f} |")
    goals(measured)


def goals(measured):
    """Each goal by wall time and by CPU time, where the run measured what it speaks of."""
    wanted = [
        ("at 60 at most 1.3 × find", (60, "unchanged"), (60, "find"), 1.3),
        ("at 10,000 at most 2 × find", (10_000, "unchanged"), (10_000, "find"), 2),
        ("at 10,000 at least 300 × faster than the shell loop", (10_000, "anew"), (10_000, "shell"), 1 / 300),
        ("from 10,000 to 100,000 linear", (100_000, "unchanged"), (10_000, "unchanged"), 10 * 1.3),
    ]
    for words, ours, other, most in wanted:
        for kind in ("wall", "CPU"):
            if (*ours, kind) in measured and (*other, kind) in measured:
                ratio = measured[*ours, kind] / measured[*other, kind]
                shown = f"{ratio:.2f}" if most >= 1 else f"1/{1 / ratio:,.0f}"
                print(f"{'met' if ratio <= most else 'NOT MET'}: {words}, by {kind} time: {shown}")


if __name__ == "__main__":
    {"same": same, "report": report}[sys.argv[1]](*sys.argv[2:])
