#!/usr/bin/env bash
# `mkcompose build` against `docker compose build`, and `mkcompose test --no-build` against `docker compose up` and `ps`,
# on the normal set, in turn on one engine. `test` also removes its containers, so what `down` takes is told beside it.
#
#   benches/matrix.sh [ROUNDS [GLOB…]]      default: 3 rounds, all services of docker-compose.yml
#
# Builds are from cold: before each the engine's build cache is emptied (`docker builder prune --all --force`) and the
# images are removed. So name an engine of its own in DOCKER_HOST; the base images have to be there. An image that does not
# build here makes Compose stop: leave it out with the globs. With RUN_ONLY=1 nothing is built or removed, and only the second
# half is measured.
#
# With the tests' own base images (`eval "$(tests/bases/build)"`, which sets MINIMAGE_CA_CERT) a server answers as
# icanhazip.com, as in the tests:
#
# - if the engine was started with MINIMAGE_ENGINE_DNS set to the address of its bridge (172.17.0.1), wherever containers are,
#   so both commands run as anybody would type them: Compose with the network that it makes for the project, mkcompose
#   with the engine's default;
# - if not, on a network of its own that both are told to use.
#
# Prints a Markdown table: the time of each in seconds, and the most memory that the mkcompose process itself had (VmHWM in
# /proc, without the engine's command line that it starts).
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
mkcompose=${MKCOMPOSE:-$here/target/release/mkcompose}
rounds=${1:-3}
shift || true
project=mkcompose-bench
server=mkcompose-bench-https
work=$(mktemp -d)
compose=(docker compose -f docker-compose.yml)
network=()
trap 'down; stop_serving; rm -rf "$work"' EXIT
cd "$here"

# The services that the globs choose, as `mkcompose list` and the shell know them.
chosen() {
    local service glob
    "$mkcompose" list --format json | sed -n 's/^ *"service": "\(.*\)",$/\1/p' | grep -v '\.err$' |
        while read -r service; do
            # shellcheck disable=SC2254
            for glob in "${@:-*}"; do case $service in $glob) echo "$service" && break ;; esac; done
        done
}
mapfile -t services < <(chosen "$@")

seconds() { # of a command that has to return one of the codes before `--`: a failed one is quick and worth nothing
    local codes=() start end code=0
    while [ "$1" != -- ]; do codes+=("$1") && shift; done
    shift
    start=$(date +%s.%N)
    "$@" >"$work/out" 2>&1 || code=$?
    end=$(date +%s.%N)
    case " ${codes[*]} " in
    *" $code "*) awk "BEGIN { printf \"%.1f\", $end - $start }" ;;
    *) tail -n 20 "$work/out" >&2 && echo "$1 $2 returned $code" >&2 && return 1 ;;
    esac
}

memory() { # the same, but the most memory of the process itself, in MiB
    "$@" >"$work/out" 2>&1 &
    local pid=$! most=0 now
    while now=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status" 2>/dev/null) && [ -n "$now" ]; do
        most=$now
        sleep 0.05
    done
    local code=0
    wait "$pid" || code=$?
    [ "$code" -le 1 ] || { tail -n 20 "$work/out" >&2 && return 1; }
    awk "BEGIN { printf \"%.1f\", $most / 1024 }"
}

cold() {
    docker image rm --force "${services[@]/#/minimage:}" >/dev/null 2>&1 || true
    docker builder prune --all --force >/dev/null
}

# `up` fails where a container cannot be started, and returns while others still run: what they come to is not known before
# they have ended. Whether it started all is for `all_there` to tell.
up_and_ps() {
    "${compose[@]}" -p $project up --no-build "${services[@]}" || true
    "${compose[@]}" -p $project ps --quiet | xargs --no-run-if-empty docker wait
    "${compose[@]}" -p $project ps --all --format json
}

all_there() {
    local there
    there=$("${compose[@]}" -p $project ps --all --quiet | wc -l)
    [ "$there" = ${#services[@]} ] || { echo "\`up\` made $there of ${#services[@]} containers" >&2 && return 1; }
}

down() { "${compose[@]}" -p $project down >/dev/null 2>&1 || true; }

# The server that answers as icanhazip.com, by the arguments of `docker create`, with what it runs last.
serve() {
    mkdir "$work/srv"
    cp tests/engine/server.py benches/resolver.py "$work/srv/"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=icanhazip.com \
        -addext subjectAltName=DNS:icanhazip.com -addext basicConstraints=critical,CA:false -CA "$MINIMAGE_CA_CERT" \
        -CAkey "$MINIMAGE_CA_KEY" -keyout "$work/srv/server.key" -out "$work/srv/server.crt" 2>"$work/openssl" ||
        { cat "$work/openssl" >&2 && return 1; }
    docker create --name $server --workdir /srv "$@" >/dev/null
    docker cp -q "$work/srv/." $server:/srv
    docker start $server >/dev/null
    until docker logs $server 2>&1 | grep -q ready; do sleep 0.1; done
}

# On a network of its own: that of tests/engine/network.yml.
serve_on_network() {
    docker network create minimage-test >/dev/null
    serve --network minimage-test --network-alias icanhazip.com python:slim python server.py
    compose+=(-f tests/engine/network.yml)
    network=(--network minimage-test)
}

# Wherever containers are: they ask a resolver beside the server. Both are on the host's network, at the bridge's address, so
# that the engine passes nothing on to them.
serve_everywhere() {
    local at=$MINIMAGE_ENGINE_DNS upstream
    upstream=$(awk '$1 == "nameserver" { print $2; exit }' /etc/resolv.conf)
    serve --network host python:slim \
        sh -c "python resolver.py $at icanhazip.com $upstream & exec python server.py $at"
    [ "$(docker run --rm python:slim python -c 'print(__import__("socket").gethostbyname("icanhazip.com"))')" = "$at" ] ||
        { echo "containers do not ask $at: end the engine and start it with MINIMAGE_ENGINE_DNS=$at" >&2 && return 1; }
}

stop_serving() {
    docker rm --force $server >/dev/null 2>&1 || true
    docker network rm minimage-test >/dev/null 2>&1 || true
}

stop_serving
where='the default networks of both'
if [ -n "${MINIMAGE_CA_CERT:-}" ] && [ -n "${MINIMAGE_ENGINE_DNS:-}" ]; then
    serve_everywhere
elif [ -n "${MINIMAGE_CA_CERT:-}" ]; then
    serve_on_network && where='one network for both'
fi
echo "${#services[@]} services, $(nproc) cores, $(docker version --format 'Docker {{.Server.Version}}'), Compose $(docker compose version --short), $where"
echo
echo "| round | \`docker compose build\` | \`mkcompose build\` | \`up\` and \`ps\` | \`down\` | \`mkcompose test --no-build\` |"
echo "| --: | --: | --: | --: | --: | --: |"
for round in $(seq "$rounds"); do
    # The engine can hold on to the network of a project whose container it could not start, until it is started again.
    project=mkcompose-bench-$round
    compose_build=- our_build=-
    if [ -z "${RUN_ONLY:-}" ]; then
        cold
        compose_build=$(seconds 0 -- docker compose -p $project build "${services[@]}")
        cold
        our_build=$(seconds 0 -- "$mkcompose" build "${services[@]}")
    fi
    down
    compose_run=$(seconds 0 -- up_and_ps)
    all_there
    removal=$(seconds 0 1 -- "${compose[@]}" -p $project down)
    our_run=$(seconds 0 1 -- "$mkcompose" test --no-build "${network[@]}" "${services[@]}")
    echo "| $round | $compose_build | $our_build | $compose_run | $removal | $our_run |"
done
echo
[ -n "${RUN_ONLY:-}" ] || echo "memory of mkcompose itself, build: $(memory "$mkcompose" build "${services[@]}") MiB"
echo "memory of mkcompose itself, test: $(memory "$mkcompose" test --no-build "${network[@]}" "${services[@]}") MiB"
