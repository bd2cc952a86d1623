# postgres.sh - a private PostgreSQL for shell tests; sourced, not run.
#
#   postgres_find              finds the server's programs ($bin); ends the test as skipped without them
#   postgres_place             where to make the test's folder: in memory when there is room
#   postgres_start FOLDER      starts one with its data and socket in a new folder of that name
#   postgres_stop              stops it; for the test's trap
#   as_server COMMAND...       runs a command as the user that the server may run as
#   sql DATABASE [WORDS...]    psql with ON_ERROR_STOP, as superuser
#   pg_dump_of DATABASE [WORDS...]
#
# The server listens on a socket in its folder only, and keeps nothing that a crash would need.

unset PGHOST PGPORT PGDATABASE PGUSER PGPASSWORD PGSERVICE PGOPTIONS PGDATA || true
postgres_folder=
postgres_running=

postgres_skip() {
    echo "skipped: $1"
    exit 77
}

postgres_find() {
    bin=${PG_BINDIR:-/usr/lib/postgresql/15/bin}
    [ -x "$bin/initdb" ] || bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
    [ -n "$bin" ] && [ -x "$bin/initdb" ] || postgres_skip "no PostgreSQL server"
    if [ "$(id -u)" -eq 0 ]; then # the server refuses to run as root
        command -v runuser >/dev/null || postgres_skip "no runuser"
        id postgres >/dev/null 2>&1 || postgres_skip "no user postgres"
    fi
}

postgres_place() {
    if [ "$(df -k --output=avail /dev/shm 2>/dev/null | tail -n 1 | tr -dc 0-9)" -gt 2000000 ] 2>/dev/null; then
        echo /dev/shm
    else
        echo "${TMPDIR:-/tmp}"
    fi
}

as_server() {
    if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

postgres_start() {
    postgres_folder=$1
    mkdir -p "$postgres_folder"
    if [ "$(id -u)" -eq 0 ]; then chown postgres "$postgres_folder"; fi
    as_server "$bin/initdb" -D "$postgres_folder/data" -U postgres -A trust -E UTF8 --locale=C --no-sync \
        >"$postgres_folder.log" 2>&1 || { cat "$postgres_folder.log"; return 1; }
    postgres_running=yes
    as_server "$bin/pg_ctl" -D "$postgres_folder/data" -l "$postgres_folder/data/server.log" -w \
        -o "-c listen_addresses='' -c unix_socket_directories='$postgres_folder' -c fsync=off -c autovacuum=off -c timezone=UTC" \
        start >"$postgres_folder.log" 2>&1 || { cat "$postgres_folder.log"; return 1; }
}

postgres_stop() {
    if [ -n "$postgres_running" ]; then
        as_server "$bin/pg_ctl" -D "$postgres_folder/data" -m immediate -w stop >/dev/null 2>&1 || true
        postgres_running=
    fi
}

sql() {
    local database=$1
    shift
    "$bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$postgres_folder" -U postgres -d "$database" "$@"
}

pg_dump_of() {
    local database=$1
    shift
    "$bin/pg_dump" -h "$postgres_folder" -U postgres "$@" "$database"
}
