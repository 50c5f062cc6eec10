#!/usr/bin/env bash
# servers.sh up|down: PostgreSQL, Redis and Kafka for development, on this machine's loopback
# interface, at ports that POSTGRES_PORT, REDIS_PORT and KAFKA_PORT can change. `up` returns when all
# three answer and prints the settings that make Headrace use them; `down` removes them with their data.
set -euo pipefail
names=(headrace-dev-postgres headrace-dev-redis headrace-dev-kafka)
postgres_port=${POSTGRES_PORT:-5432} redis_port=${REDIS_PORT:-6379} kafka_port=${KAFKA_PORT:-9092}

run() { # run NAME ARGUMENTS...: starts a container that doesn't run yet
	local name=$1
	shift
	if [[ $(docker container inspect -f '{{.State.Running}}' "$name" 2>/dev/null) != true ]]; then
		docker rm -f -v "$name" >/dev/null 2>&1 || true
		docker run -d --name "$name" "$@" >/dev/null
	fi
}

answer() { # answer NAME COMMAND...: waits until COMMAND succeeds in the container
	for _ in $(seq 300); do
		docker exec "$@" >/dev/null 2>&1 && return
		sleep 0.2
	done
	docker logs --tail 20 "$1" >&2
	echo "servers.sh: $1 doesn't answer" >&2
	return 1
}

up() {
	run headrace-dev-postgres -p "127.0.0.1:$postgres_port:5432" \
		-e POSTGRES_USER=headrace -e POSTGRES_PASSWORD=headrace -e POSTGRES_DB=headrace "$POSTGRES_IMAGE"
	run headrace-dev-redis -p "127.0.0.1:$redis_port:6379" "$REDIS_IMAGE"
	# HOST is for programs on this machine, INTERNAL for the broker itself and tools in the container.
	run headrace-dev-kafka -p "127.0.0.1:$kafka_port:9092" \
		-e KAFKA_NODE_ID=1 -e KAFKA_PROCESS_ROLES=broker,controller \
		-e KAFKA_LISTENERS=HOST://:9092,INTERNAL://localhost:29092,CONTROLLER://localhost:29093 \
		-e KAFKA_ADVERTISED_LISTENERS="HOST://127.0.0.1:$kafka_port,INTERNAL://localhost:29092" \
		-e KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=HOST:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT \
		-e KAFKA_INTER_BROKER_LISTENER_NAME=INTERNAL -e KAFKA_CONTROLLER_LISTENER_NAMES=CONTROLLER \
		-e KAFKA_CONTROLLER_QUORUM_VOTERS=1@localhost:29093 \
		-e KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR=1 \
		-e KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR=1 -e KAFKA_TRANSACTION_STATE_LOG_MIN_ISR=1 \
		-e KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS=0 -e KAFKA_AUTO_CREATE_TOPICS_ENABLE=false \
		-e KAFKA_HEAP_OPTS='-Xms512m -Xmx512m' "$KAFKA_IMAGE"
	answer headrace-dev-postgres pg_isready -q -U headrace -h 127.0.0.1
	answer headrace-dev-redis redis-cli ping
	answer headrace-dev-kafka /opt/kafka/bin/kafka-topics.sh --bootstrap-server localhost:29092 --list
	cat <<-END
		export HEADRACE_STORE_URL='postgres://headrace:headrace@127.0.0.1:$postgres_port/headrace?sslmode=disable'
		export HEADRACE_CACHE_URL='redis://127.0.0.1:$redis_port/0'
		export HEADRACE_BUS_URL='kafka://127.0.0.1:$kafka_port'
	END
}

case ${1:-} in
up) up ;;
down) docker rm -f -v "${names[@]}" >/dev/null 2>&1 || true ;;
*)
	echo "usage: servers.sh up|down" >&2
	exit 2
	;;
esac
