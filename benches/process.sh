#!/usr/bin/env bash
# The whole process against `find`, a shell loop and Python, at growing numbers of Dockerfiles: wall time (median and
# least), CPU time (user and system), and whether the ratios are as docs/PERFORMANCE.md promises.
#
#   benches/process.sh [RUNS]     runs of each quick command, default 200; slow ones run less often
#
# Needs hyperfine and python3 with PyYAML; COUNTS chooses the numbers of Dockerfiles, MKCOMPOSE another program to time.
# Before anything is timed, the shell loop's files are compared with ours byte by byte and Python's as data. Wall time
# means little on a busy machine: CPU time is there to judge by when it cannot be had idle.
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-200}
if [ -z "${MKCOMPOSE:-}" ]; then
    cargo build --release --quiet
    MKCOMPOSE=$PWD/target/release/mkcompose
fi
benches=$PWD/benches
# The interpreter itself: what `python3` names may be a wrapper that takes as long again.
python=$(python3 -c 'import sys; print(sys.executable)')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A folder of empty Dockerfiles, one in fifty known not to build: names are all that counts here.
repository() {
    mkdir -p "$work/$1/dockerfiles" "$work/$1/samples"
    local number name
    for ((number = 0; number < $1; number++)); do
        printf -v name 'Dockerfile.program-%06d.golang-1-alpine.scratch' "$number"
        if ((number % 50 == 49)); then name+=.err; fi
        : >"$work/$1/dockerfiles/$name"
    done
}

# What is not equal is not compared.
same_output() {
    "$MKCOMPOSE" --quiet
    "$benches/baseline.sh" shell.yml shell.err.yml
    cmp docker-compose.yml shell.yml
    cmp docker-compose.err.yml shell.err.yml
    "$python" "$benches/baseline.py" python.yml python.err.yml
    "$python" "$benches/process.py" same docker-compose.yml python.yml
    "$python" "$benches/process.py" same docker-compose.err.yml python.err.yml
    rm shell.yml shell.err.yml python.yml python.err.yml
}

time_() { # NAME RUNS COMMAND [PREPARATION]
    local prepare=()
    if [ $# -eq 4 ]; then prepare=(--prepare "$4"); fi
    hyperfine -N --warmup 2 --runs "$2" "${prepare[@]}" --command-name "$1" --export-json "$1.json" "$3" >/dev/null 2>"$work/log" ||
        { cat "$work/log" >&2; return 1; }
}

uptime
for count in ${COUNTS:-60 10000 100000}; do
    repository "$count"
    cd "$work/$count"
    quick=$((count > 50000 ? runs / 10 + 2 : runs))
    slow=$((count > 1000 ? 3 : 20))
    if ((count <= 10000)); then
        same_output
    fi
    "$MKCOMPOSE" --quiet
    time_ find "$quick" "find -name Dockerfile.*"
    time_ unchanged "$quick" "$MKCOMPOSE"
    time_ anew "$quick" "$MKCOMPOSE" "rm docker-compose.yml docker-compose.err.yml"
    if ((count <= 10000)); then
        time_ python "$slow" "$python $benches/baseline.py"
        time_ shell "$slow" "$benches/baseline.sh"
    fi
    cd "$OLDPWD"
done
uptime
"$python" "$benches/process.py" report "$work"
