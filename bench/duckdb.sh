#!/bin/sh
# duckdb.sh - installs DuckDB for the benchmark into a folder of the build, where node, npm and the
# npm registry can be reached. Prints the folder, or says on stderr why DuckDB is left out.
#
#   bench/duckdb.sh FOLDER
set -u

folder=$1
version=1.5.6-r.1

leave_out() {
    echo "bench: without DuckDB: $1" >&2
    exit 0
}

command -v node >/dev/null 2>&1 || leave_out "no node"
command -v npm >/dev/null 2>&1 || leave_out "no npm"
mkdir -p "$folder"
if [ ! -f "$folder/installed" ] || [ "$(cat "$folder/installed")" != "$version" ]; then
    echo '{"private": true}' >"$folder/package.json"
    npm install --prefix "$folder" --no-audit --no-fund --loglevel error "@duckdb/node-api@$version" \
        >"$folder/install.log" 2>&1 || leave_out "npm could not install it, see $folder/install.log"
    echo "$version" >"$folder/installed"
fi
cd "$folder" && pwd
