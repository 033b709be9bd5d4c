#!/usr/bin/env bash
set -Eeo pipefail

# used to create initial postgres directories and if run as root, ensure ownership to the "postgres" user
docker_create_db_directories() {
  local user
  user="$(id -u)"
  mkdir -p "$PGDATA"
  # ignore failure since there are cases where we can't chmod (and PostgreSQL might fail later anyhow)
  chmod 00700 "$PGDATA" || :
  # ignore failure since it will be fine when using the image provided directory
  mkdir -p /var/run/postgresql || :
  chmod 03775 /var/run/postgresql || :
  if [ "$user" = '0' ]; then
    find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
    find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
  fi
}

docker_init_database_dir() {
  # "initdb" is particular about the current user existing in "/etc/passwd"; the public image puts libnss_wrapper before it
  local uid
  uid="$(id -u)"
  if ! getent passwd "$uid" &>/dev/null; then
    for wrapper in {/usr,}/lib{/*,}/libnss_wrapper.so; do
      if [ -s "$wrapper" ]; then
        NSS_WRAPPER_PASSWD="$(mktemp)" NSS_WRAPPER_GROUP="$(mktemp)"
        export LD_PRELOAD="$wrapper" NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
        printf 'postgres:x:%s:%s:PostgreSQL:%s:/bin/false\n' "$uid" "$(id -g)" "$PGDATA" >"$NSS_WRAPPER_PASSWD"
        printf 'postgres:x:%s:\n' "$(id -g)" >"$NSS_WRAPPER_GROUP"
        break
      fi
    done
  fi
  initdb --username=postgres --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD") >/dev/null
  printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
  if [[ "${LD_PRELOAD:-}" == */libnss_wrapper.so ]]; then
    rm -f "$NSS_WRAPPER_PASSWD" "$NSS_WRAPPER_GROUP"
    unset LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
  fi
}

docker_temp_server() {
  # internal start of server in order to allow setup using psql client; does not listen on external TCP/IP
  pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w "$1" >/dev/null
}

_main() {
  if [ "$1" = 'postgres' ]; then
    docker_create_db_directories
    if [ "$(id -u)" = '0' ]; then
      # then restart script as postgres user
      exec gosu postgres "${BASH_SOURCE[0]}" "$@"
    fi
    if [ ! -s "$PGDATA/PG_VERSION" ]; then
      ls /docker-entrypoint-initdb.d/ &>/dev/null || :
      docker_init_database_dir
      docker_temp_server start
      psql --username postgres --no-password --dbname postgres -c "CREATE DATABASE ${POSTGRES_DB:-shop}" >/dev/null
      docker_temp_server stop
      echo 'PostgreSQL init process complete; ready for start up.'
    fi
  fi
  exec "$@"
}

_main "$@"
