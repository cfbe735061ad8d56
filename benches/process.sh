#!/usr/bin/env bash
# The whole process against `rg -c ^FROM`, `find`, a shell loop and Python, at growing numbers of Dockerfiles, in one folder
# and in a folder each: wall time (median and least), CPU time (user and system), memory, and whether the ratios are as
# docs/PERFORMANCE.md promises.
#
#   benches/process.sh [RUNS]     runs of each quick command, default 200; slow ones run less often
#
# Needs hyperfine, ripgrep and python3 with PyYAML; COUNTS chooses the numbers of Dockerfiles, MKCOMPOSE another program to
# time. Before anything is timed, the shell loop's files are compared with ours byte by byte and Python's as data. Wall time
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

# What each Dockerfile says: every one is read.
text='FROM golang:1-alpine AS build
RUN go install example.org/program@latest

FROM scratch
COPY --from=build /go/bin/program /program
CMD ["/program"]'

# A folder of Dockerfiles, one in fifty known not to build.
flat() { # COUNT
    mkdir -p "$work/$1-flat/dockerfiles" "$work/$1-flat/samples"
    local number name
    for ((number = 0; number < $1; number++)); do
        printf -v name 'Dockerfile.program-%06d.golang-1-alpine.scratch' "$number"
        if ((number % 50 == 49)); then name+=.err; fi
        echo "$text" >"$work/$1-flat/dockerfiles/$name"
    done
}

# A folder for each Dockerfile.
folders() { # COUNT
    (
        mkdir -p "$work/$1-folders/tools"
        cd "$work/$1-folders/tools"
        seq -f 'program-%06.0f' 0 $(($1 - 1)) | xargs mkdir
        for folder in *; do echo "$text" >"$folder/Dockerfile"; done
    )
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
    # `lint` exits 1: the programs have no sources.
    hyperfine -N --ignore-failure --warmup 2 --runs "$2" "${prepare[@]}" --command-name "$1" --export-json "$1.json" "$3" >/dev/null 2>"$work/log" ||
        { cat "$work/log" >&2; return 1; }
}

uptime
for count in ${COUNTS:-60 10000 100000}; do
    quick=$((count > 50000 ? runs / 10 + 2 : runs))
    slow=$((count > 1000 ? 3 : 20))
    for layout in flat folders; do
        "$layout" "$count"
        cd "$work/$count-$layout"
        if [ "$layout" = flat ] && ((count <= 10000)); then
            same_output
        fi
        "$MKCOMPOSE" --quiet
        time_ rg "$quick" "rg --no-config -c ^FROM -g Dockerfile*"
        time_ find "$quick" "find -name Dockerfile*"
        time_ unchanged "$quick" "$MKCOMPOSE"
        time_ lint "$quick" "$MKCOMPOSE lint"
        time_ anew "$quick" "$MKCOMPOSE" "rm -f docker-compose.yml docker-compose.err.yml"
        if [ "$layout" = flat ] && ((count <= 10000)); then
            time_ python "$slow" "$python $benches/baseline.py"
            time_ shell "$slow" "$benches/baseline.sh"
        fi
        "$python" "$benches/process.py" memory "$MKCOMPOSE" >memory
        cd "$OLDPWD"
    done
done
uptime
"$python" "$benches/process.py" report "$work"
