#!/bin/sh
# Runs a PostgreSQL on loopback in a folder of its own until its input ends, which it does when the test run is over,
# however that ends. Says `ready` when it answers.
#
# usage: postgresql.sh FOLDER PORT SETUP_SQL, with the password of the user `weir` in PGPASSWORD
set -eu
folder=$1 port=$2 setup=$3
for bin in /usr/lib/postgresql/*/bin; do PATH="$PATH:$bin"; done

# PostgreSQL does not run as root.
as() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
    else
        "$@"
    fi
}

[ "$(id -u)" != 0 ] || chown postgres "$folder"
cd "$folder"
stop() {
    as pg_ctl -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
    cd /
    rm -rf "$folder"
}
trap stop EXIT

{
    as sh -c 'umask 077; printf %s "$PGPASSWORD" >password'
    as initdb -D data --username=weir --pwfile=password --auth=scram-sha-256 --encoding=UTF8 --no-sync
    # A certificate that nobody has signed, as a machine without a name has.
    as openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=weir \
        -addext basicConstraints=critical,CA:FALSE -keyout data/server.key -out data/server.crt
    as chmod 600 data/server.key
    as pg_ctl -D data -l log -w -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' \
        -c fsync=off -c ssl=on -c log_statement=all -c timezone=Asia/Kolkata" start
    as psql -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U weir -d postgres -f "$setup"
} >out 2>&1 </dev/null || { cat out >&2; exit 1; }

echo ready
cat >/dev/null
