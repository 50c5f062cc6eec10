#!/usr/bin/env bash
# prepare.sh [COMMAND...]: makes sure that the tests have what they need, then runs COMMAND in the
# environment that tells them where it is.
#
#   - a C compiler, for cgo (librdkafka, SQLite);
#   - a running container engine;
#   - images of PostgreSQL, Redis and Kafka: those that POSTGRES_IMAGE, REDIS_IMAGE and KAFKA_IMAGE
#     name, else the official ones, else equivalents built here.
#
# What is missing is installed, started, pulled or built. Installing and building is for Debian as
# root; elsewhere one line says what to do. Silent when there is nothing to do. The environment is also
# written to .prepared/env, which test/fixture reads by itself.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
state=$root/.prepared
mkdir -p "$state"

fail() {
	echo "prepare: $*" >&2
	exit 1
}

step() { # step NAME COMMAND...: runs it quietly, and says how long it took or how it failed
	local name=$1 began=$SECONDS
	shift
	echo "prepare: $name ..." >&2
	if ! "$@" >"$state/log" 2>&1 9>&-; then
		tail -n 30 "$state/log" >&2
		fail "$name failed; the whole of its output is in $state/log"
	fi
	echo "prepare: $name: $((SECONDS - began)) s" >&2
}

have() { command -v "$1" >/dev/null 2>&1; }

# system is the distribution's name, then those of its family.
# shellcheck source=/dev/null
system() { [[ ! -r /etc/os-release ]] || (. /etc/os-release && echo "${ID:-} ${ID_LIKE:-} "); }

# can_install: Debian or one of its family, as root. can_build: Debian itself, as root.
can_install() { [[ $(id -u) == 0 && " $(system)" == *" debian "* ]] && have apt-get; }
can_build() { can_install && [[ $(system) == "debian "* ]]; }

apt_install() {
	apt-get update
	DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get install -y --no-install-recommends "$@"
}

prepare_compiler() {
	local compiler
	compiler=$(go env CC)
	have "${compiler%% *}" && return
	can_install || fail "no C compiler (${compiler%% *}), which librdkafka and SQLite need: install gcc or clang"
	step "install a C compiler" apt_install gcc libc6-dev
}

answers() { docker info >/dev/null 2>&1; }

wait_for_engine() {
	for _ in $(seq 150); do
		answers && return
		sleep 0.2
	done
	return 1
}

install_engine() {
	local packages=(docker.io)
	apt-get update
	apt-cache show docker-cli >/dev/null 2>&1 && packages+=(docker-cli) # apart since Debian 13
	apt_install "${packages[@]}"
}

start_engine() {
	if [[ -d /run/systemd/system ]]; then
		systemctl start docker
	else
		setsid dockerd >"$state/dockerd.log" 2>&1 </dev/null &
	fi
	wait_for_engine || { tail -n 20 "$state/dockerd.log"; return 1; }
}

prepare_engine() {
	if ! have docker; then
		can_install || fail "no container engine: install Docker"
		step "install Docker" install_engine
	fi
	answers && return
	if ! have dockerd || [[ $(id -u) != 0 || -n ${DOCKER_HOST:-} ]]; then
		fail "the container engine doesn't answer: start it, or let this user use it (group docker)"
	fi
	step "start the container engine" start_engine
}

here() { docker image inspect "$1" >/dev/null 2>&1; }

pull() { # gives up soon where the registry is out of reach, not where it is slow
	docker pull "$1" 9>&- &
	local pid=$!
	for _ in $(seq 75); do
		if ! kill -0 $pid 2>/dev/null || grep -q -i pulling "$state/log"; then
			wait $pid
			return
		fi
		sleep 0.2
	done
	kill $pid
	wait $pid 2>/dev/null || true
	return 1
}

install_builders() { # install_builders SERVER
	local packages=()
	have debootstrap || packages+=(debootstrap)
	[[ $1 != kafka ]] || have mvn || packages+=(maven)
	[[ ${#packages[@]} == 0 ]] || step "install ${packages[*]}" apt_install "${packages[@]}"
}

# prepare_image VARIABLE OFFICIAL SERVER: sets VARIABLE to an image that is here. What is here already
# goes before what could be pulled.
prepare_image() {
	local variable=$1 official=$2 server=$3
	local built=headrace-local/${official##*/} named=${!1:-}
	if [[ -n $named ]]; then
		here "$named" || step "pull $named" pull "$named"
	elif here "$official"; then
		named=$official
	elif here "$built"; then
		named=$built
	elif pull "$official" >"$state/log" 2>&1; then
		named=$official
	else
		can_build || fail "can't pull $official: $(tail -n 1 "$state/log")"
		install_builders "$server"
		step "build $built, since $official can't be pulled" "$root/tools/images/build.sh" "$server" "$built"
		named=$built
	fi
	printf -v "$variable" %s "$named"
	settings+=("$variable=$named")
}

# prepare_addresses tells testcontainers where ports are: it takes a machine with /.dockerenv for a
# container whose engine is elsewhere, though the engine may run right here.
prepare_addresses() {
	settings+=(TESTCONTAINERS_RYUK_DISABLED=true) # test/fixture removes what it starts by itself
	if [[ -e /.dockerenv && $(docker info --format '{{.Name}}') == "$(uname -n)" ]]; then
		settings+=("TESTCONTAINERS_HOST_OVERRIDE=${TESTCONTAINERS_HOST_OVERRIDE:-127.0.0.1}")
	fi
}

if have flock; then # one at a time; the lock isn't handed on to what keeps running
	exec 9>"$state/lock"
	flock 9
fi
settings=()
prepare_compiler
prepare_engine
prepare_image POSTGRES_IMAGE postgres:15 postgres
prepare_image REDIS_IMAGE redis:7 redis
prepare_image KAFKA_IMAGE apache/kafka:4.3.1 kafka
prepare_addresses
printf '%s\n' "${settings[@]}" >"$state/env.new"
mv "$state/env.new" "$state/env"
if have flock; then
	exec 9>&-
fi

if [[ $# -gt 0 ]]; then
	export "${settings[@]}"
	exec "$@"
fi
