#!/usr/bin/env bash
# build.sh SERVER TAG: builds a stand-in for an official image where that can't be pulled, from
# Debian's packages and the Kafka release's own jars. SERVER is postgres, redis or kafka; of kafka, TAG
# says the version too. tools/prepare knows when to call this.
#
# Needs Debian, root, debootstrap, a running Docker engine, and Maven for kafka.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
server=$1 tag=$2
suite=bookworm # has PostgreSQL 15 and Redis 7.0, the oldest that are supported
base=headrace-local/base:$suite
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

build_base() { # a minimal system, from the mirror that this machine's own apt uses
	local mirror codename
	# shellcheck source=/dev/null
	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	# shellcheck disable=SC2016 # apt's own variable
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $codename" | head -n 1)
	[[ -n $mirror ]] || { echo "apt knows no mirror of $codename" >&2; return 1; }
	debootstrap --variant=minbase "$suite" "$tmp/root" "$mirror"
	rm -rf "$tmp"/root/var/cache/apt/* "$tmp"/root/var/lib/apt/lists/*
	printf '#!/bin/sh\nexit 101\n' >"$tmp/root/usr/sbin/policy-rc.d" # packages start no services
	chmod +x "$tmp/root/usr/sbin/policy-rc.d"
	tar -C "$tmp/root" -c . | docker import -c 'ENV DEBIAN_FRONTEND=noninteractive' - "$base"
}

docker image inspect "$base" >/dev/null 2>&1 || build_base
cp -r "$server" "$tmp/context"
if [[ $server == kafka ]]; then
	mvn -B -q -f "$tmp/context/pom.xml" -Dkafka.version="${tag##*:}" \
		org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies -DincludeScope=runtime -DoutputDirectory=libs
fi
# The classic builder, which every engine has; on the host's network, where apt works as it does here.
DOCKER_BUILDKIT=0 docker build --force-rm --network=host -t "$tag" "$tmp/context"
