#!/usr/bin/env bash
# What `--since`, `matrix` and `merge` cost with many services: COUNT of them (10,000), a folder and two files each, in a scratch repository
# of git. Needs git and GNU time. Start it with the release program built: cargo build --release.
set -euo pipefail
count=${COUNT:-10000}
program=${MKCOMPOSE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/target/release/mkcompose}
shards=100
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
export GIT_CONFIG_NOSYSTEM=1 HOME=$scratch
mkdir repo && cd repo
for ((number = 0; number < count; number++)); do
    folder=$(printf 's%03d/t%05d' $((number / 100)) "$number")
    mkdir -p "$folder/src"
    base=scratch
    # One in four is built on the one before it.
    ((number % 4 == 1)) && base=$(printf 'minimage:s%03d.t%05d' $(((number - 1) / 100)) $((number - 1)))
    printf 'FROM %s\nCOPY src main.c /\n' "$base" >"$folder/Dockerfile"
    echo "$number" >"$folder/main.c"
    echo 1 >"$folder/src/x"
done
git init -q .
git add -A
git -c user.name=a -c user.email=a@example.org commit -qm x

measure() {
    echo "$1"
    shift
    for _ in 1 2 3; do /usr/bin/time -f '  %e s, %U s user, %S s system, %M KiB' "$program" "$@" >/dev/null; done
}
measure 'matrix' matrix --shards $shards
# The reports of all shards, by an engine that builds nothing.
printf '#!/bin/sh\n[ "$1" != version ] || echo 1\n' >"$scratch/engine"
chmod +x "$scratch/engine"
for ((shard = 0; shard < shards; shard++)); do
    services=$(for ((number = shard; number < count; number += shards)); do printf 's%03d.t%05d ' $((number / 100)) "$number"; done)
    # shellcheck disable=SC2086
    "$program" build -q -j 8 --docker "$scratch/engine" --logs "$scratch/logs" --shard $((shard + 1))/$shards \
        --report "$scratch/$shard.json" $services >/dev/null
done
measure "merge $shards reports" merge "$scratch"/*.json
echo 2 >s000/t00004/src/x
measure 'since, contents differ' list --since HEAD --why
measure 'matrix since, contents differ' matrix --since HEAD --shards 100
echo '# x' >>s000/t00008/Dockerfile
measure 'since, a Dockerfile differs too' list --since HEAD --why
git checkout -q s000/t00008/Dockerfile
echo x >s000/t00004/src/new
measure 'since, a new name that settles no service' list --since HEAD --why
echo x >s000/t00004/main.h
printf 'FROM scratch\nCOPY src *.[ch] /\n' >s000/t00004/Dockerfile
measure "since, a new name that a source looks for, the copy in ${TMPDIR:-/tmp}" list --since HEAD --why
if [[ -d /dev/shm ]]; then
    TMPDIR=/dev/shm measure 'since, the same, the copy in memory' list --since HEAD --why
fi
