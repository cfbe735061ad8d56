#!/usr/bin/env bash
# What `mkcompose sizes --exact` costs beside `docker save` of the same images to nowhere, in turns in one run.
#
#   benches/exact.sh [DOCKER [IMAGES [ROUNDS]]]     default: docker, ten images, five rounds
#
# The images are the engine's largest with a tag, each under a second tag for as long as this takes. Needs GNU time.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --quiet
mkcompose=$PWD/target/release/mkcompose
docker=$(command -v "${1:-docker}")
count=${2:-10}
rounds=${3:-5}
repository=mkcompose-bench-exact
folder=$(mktemp -d)
# shellcheck disable=SC2046  # one word for each tag
trap '"$docker" image rm $(printf "$repository:image.n%s " $(seq "$count")) >/dev/null; rm -r "$folder"' EXIT

images=$("$docker" images --filter dangling=false --format '{{.Repository}}:{{.Tag}}' | sort -u |
    xargs "$docker" image inspect --format '{{.Size}} {{.Id}}' | sort -rn | uniq | awk -v n="$count" 'NR <= n { print $2 }')
mkdir "$folder/dockerfiles" "$folder/samples"
number=0
for image in $images; do
    number=$((number + 1))
    "$docker" tag "$image" "$repository:image.n$number"
    touch "$folder/dockerfiles/Dockerfile.image.n$number"
done

sizes() { "$mkcompose" -C "$folder" --image "$repository" sizes --exact --docker "$docker" "$@"; }
seconds() { local start=$EPOCHREALTIME; "$@" >/dev/null; awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f\n", b - a }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
# shellcheck disable=SC2086  # one word for each image
save() { "$docker" save $images; }

sizes | tail -n 1
save >/dev/null # once for the cache
saves=() counts=()
for ((round = 0; round < rounds; round++)); do
    saves+=("$(seconds save)")
    counts+=("$(seconds sizes)")
done
a=$(printf '%s\n' "${saves[@]}" | median)
b=$(printf '%s\n' "${counts[@]}" | median)
echo "docker save >/dev/null     ${saves[*]}   median $a s"
echo "mkcompose sizes --exact    ${counts[*]}   median $b s"
awk -v a="$a" -v b="$b" 'BEGIN { printf "ratio %.2f, the goal is at most 1.5\n", b / a }'
/usr/bin/time -f "memory at most %M KiB; %U + %S s of our own and the client's" \
    "$mkcompose" -C "$folder" --image "$repository" sizes --exact --docker "$docker" 2>&1 >/dev/null | tail -n 1
