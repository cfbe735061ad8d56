#!/usr/bin/env bash
# `mkcompose build` against `docker compose build` and `docker buildx bake` on one engine, in turn, with nothing to build and with
# all to build.
#
#   benches/builds.sh [tiny|repository] [ROUNDS [GLOB…]]      default: 40 tiny images, 3 rounds
#
# `tiny` makes 40 images of three steps; `repository` takes the services of this repository that the globs choose, all of the
# normal set by default, so an image that does not build here is to be left out. DOCKER names the engine's command line
# (default `docker`); it has to have Compose and buildx.
#
# To have all to build, each Dockerfile gets a line with the number of the round after each FROM. So no cache is emptied, and
# the base images stay. Prints a Markdown table: seconds, and the ratios of the medians.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
mkcompose=${MKCOMPOSE:-$here/target/release/mkcompose}
docker=${DOCKER:-docker}
what=${1:-tiny}
rounds=${2:-3}
shift $(($# < 2 ? $# : 2))
globs=("${@:-*}")
image=mkcompose-bench-builds
work=$(mktemp -d)
trap '"$docker" image ls --quiet "$image" | xargs -r "$docker" image rm --force >/dev/null; rm -rf "$work"' EXIT
export BUILDX_NO_DEFAULT_ATTESTATIONS=1 BUILDX_BAKE_ENTITLEMENTS_FS=0

make_tiny() {
    local number
    for number in $(seq 40); do
        mkdir -p "$work/it/s$number"
        printf 'FROM busybox\nRUN echo %s >/x\nCOPY f /f\nCMD ["cat", "/x"]\n' "$number" >"$work/it/s$number/Dockerfile"
        echo "$number" >"$work/it/s$number/f"
    done
}

make_repository() {
    mkdir "$work/it"
    cp -r "$here/dockerfiles" "$here/samples" "$work/it/"
}

round=0
anew() {
    round=$((round + 1))
    find "$work/it" -name 'Dockerfile*' -exec sed -i -e '/^ENV MKCOMPOSE_BENCH/d' \
        -e "s/^FROM .*/&\nENV MKCOMPOSE_BENCH=$$-$round/" {} +
}

seconds() {
    local start end
    start=$(date +%s.%N)
    "$@" >"$work/out" 2>&1 || { tail -n 20 "$work/out" >&2 && echo "$* failed" >&2 && return 1; }
    end=$(date +%s.%N)
    awk "BEGIN { printf \"%.2f\", $end - $start }"
}

ours() { "$mkcompose" build --docker "$docker" --image "$image" --logs "$work/logs" "${services[@]}"; }
compose() { "$docker" compose -f docker-compose.yml build "${services[@]}"; }
bake() { "$docker" buildx bake -f docker-compose.yml --load --progress=plain "${services[@]//./_}"; }
median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

"make_$what"
cd "$work/it"
"$mkcompose" --image "$image" >/dev/null
mapfile -t services < <("$mkcompose" list --format json --image "$image" "${globs[@]}" |
    sed -n 's/^ *"service": "\(.*\)",$/\1/p' | grep -v '\.err$')
echo "${#services[@]} services, $(nproc) cores, Docker $("$docker" version --format '{{.Server.Version}}')," \
    "store $("$docker" info --format '{{.Driver}}'), Compose $("$docker" compose version --short)," \
    "load $(cut -d' ' -f1 /proc/loadavg)"
echo
echo "| | \`docker compose build\` | \`buildx bake\` | \`mkcompose build\` | ÷ Compose | ÷ bake |"
echo "| --- | --: | --: | --: | --: | --: |"
ours >"$work/out" 2>&1 || { tail -n 20 "$work/out" >&2; exit 1; }
for state in cached cold; do
    for _ in $(seq "$rounds"); do
        for tool in compose bake ours; do
            [[ $state == cached ]] || anew
            seconds "$tool" >>"$work/$state.$tool"
            echo >>"$work/$state.$tool"
        done
        paste "$work/$state".{compose,bake,ours} | tail -n 1 |
            awk -v state="$state" '{ printf "| %s | %s | %s | %s | %.2f | %.2f |\n", state, $1, $2, $3, $3 / $1, $3 / $2 }'
    done
    for tool in compose bake ours; do median <"$work/$state.$tool"; done | paste -sd' ' |
        awk -v state="$state" '{ printf "| **%s, medians** | %s | %s | %s | %.2f | %.2f |\n", state, $1, $2, $3, $3 / $1, $3 / $2 }'
done
