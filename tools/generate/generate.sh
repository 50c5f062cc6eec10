#!/usr/bin/env bash
# generate.sh [--check]: generates code beside each of these, wherever it lies under adapters/:
#
#   sqlc.yaml          Go for SQL queries, by sqlc;
#   oapi-codegen.yaml  Go for api/openapi.yaml, by oapi-codegen, run in the file's folder.
#
# With --check it writes nothing, shows what would change, and fails if anything would.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
check=${1:-}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

sqlc() { go tool -modfile=tools/sqlc/go.mod sqlc "$@"; }

openapi() { # openapi FOLDER CONFIG
	(cd "$1" && go tool -modfile="$root/tools/oapi/go.mod" oapi-codegen -config "$2" "$root/api/openapi.yaml")
}

status=0
while IFS= read -r config; do
	if [[ $check ]]; then sqlc -f "$config" diff || status=1; else sqlc -f "$config" generate; fi
done < <(find adapters -name sqlc.yaml)

while IFS= read -r config; do
	folder=$(dirname "$config")
	if [[ $check ]]; then
		output=$folder/$(sed -n 's/^output: *//p' "$config")
		# An output in the configuration wins over one in the command's options, so the configuration is changed.
		sed "s#^output:.*#output: $tmp/generated.go#" "$config" >"$tmp/config.yaml"
		openapi "$folder" "$tmp/config.yaml"
		diff -u --label "$output" --label "generated anew" "$output" "$tmp/generated.go" || status=1
	else
		openapi "$folder" "$(basename "$config")"
	fi
done < <(find adapters -name oapi-codegen.yaml)

if [[ $status != 0 ]]; then
	echo "the generated code is not what its sources give: run task generate" >&2
fi
exit $status
