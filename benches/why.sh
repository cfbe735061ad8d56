#!/usr/bin/env bash
# What reading an image costs beside writing it: `docker save IMAGE | mkcompose why --archive -` against
# `docker save IMAGE >/dev/null`, in turns in one run; then memory on images made on the fly.
#
#   benches/why.sh [IMAGE [ROUNDS]]     default: the engine's largest image of the corpus, five rounds
#
# Needs GNU time (/usr/bin/time), python3 and, for the first part, an engine.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --quiet
mkcompose=target/release/mkcompose
image=${1:-}
rounds=${2:-5}

# Of findings why exits 1, which is no failure here.
why() { "$mkcompose" why --archive - >/dev/null || [ $? -eq 1 ]; }
seconds() { local start=$EPOCHREALTIME; "$@"; awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f\n", b - a }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
save() { docker save "$image" >/dev/null; }
save_and_why() { docker save "$image" | why; }

if docker info >/dev/null 2>&1; then
    if [ -z "$image" ]; then
        image=$(docker images minimage --format '{{.Repository}}:{{.Tag}}' | sort -u |
            xargs docker image inspect --format '{{.Size}} {{index .RepoTags 0}}' | sort -rn | awk 'NR == 1 { print $2 }')
    fi
    size=$(docker image inspect --format '{{.Size}}' "$image")
    echo "$image: $((size / 1000000)) MB, $rounds rounds"
    saves=() whys=()
    save # once for the cache
    for ((round = 0; round < rounds; round++)); do
        saves+=("$(seconds save)")
        whys+=("$(seconds save_and_why)")
    done
    a=$(printf '%s\n' "${saves[@]}" | median)
    b=$(printf '%s\n' "${whys[@]}" | median)
    echo "docker save >/dev/null          ${saves[*]}   median $a s"
    echo "docker save | mkcompose why     ${whys[*]}   median $b s"
    awk -v a="$a" -v b="$b" 'BEGIN { printf "ratio %.2f, the goal is at most 1.5\n", b / a }'
else
    echo "no engine: only memory is measured"
fi

for what in "bytes 2048" "files 1000000"; do
    # shellcheck disable=SC2086  # two words
    python3 benches/image_stream.py $what |
        { /usr/bin/time -f "$what: %M KiB at most, %e s, of them %U + %S s of our own" "$mkcompose" why --archive - >/dev/null ||
            true; } 2>&1 | tail -1
done
