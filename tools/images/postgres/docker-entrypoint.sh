#!/bin/bash
# What the official postgres image does, in short: on an empty PGDATA, initdb and a
# first server on the Unix socket only (POSTGRES_DB, /docker-entrypoint-initdb.d), then
# the real server. So "ready to accept connections" is logged twice on the first start.
set -euo pipefail
[[ ${1:-} == -* ]] && set -- postgres "$@"
[[ ${1:-} == postgres ]] || exec "$@"
if [[ $(id -u) == 0 ]]; then
	mkdir -p "$PGDATA" && chown postgres: "$PGDATA" && chmod 700 "$PGDATA"
	exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi
if [[ ! -s $PGDATA/PG_VERSION ]]; then
	user=${POSTGRES_USER:-postgres} db=${POSTGRES_DB:-${POSTGRES_USER:-postgres}}
	: "${POSTGRES_PASSWORD:?must be set}"
	# shellcheck disable=SC2086 # the options are several words
	initdb --username="$user" --pwfile=<(echo "$POSTGRES_PASSWORD") \
		--auth-host=scram-sha-256 --auth-local=trust ${POSTGRES_INITDB_ARGS:-}
	echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
	echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
	pg_ctl -w start -o "$(printf '%q ' "${@:2}" -c listen_addresses=)"
	sql=(psql -v ON_ERROR_STOP=1 --no-psqlrc -U "$user")
	[[ $db == postgres ]] || "${sql[@]}" -d postgres -c "CREATE DATABASE \"$db\""
	for f in /docker-entrypoint-initdb.d/*; do
		# shellcheck source=/dev/null
		case $f in
		*.sh) . "$f" ;;
		*.sql) "${sql[@]}" -d "$db" -f "$f" ;;
		esac
	done
	pg_ctl -w -m fast stop
fi
exec "$@"
