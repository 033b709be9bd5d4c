#!/bin/bash
set -eo pipefail

data=/var/lib/mysql socket=/run/mysqld/mysqld.sock
if [ "$1" = mariadbd ]; then
  if [ "$(id -u)" = 0 ]; then
    mkdir -p "$data" /run/mysqld
    find "$data" \! -user mysql -exec chown mysql: '{}' +
    find /run/mysqld -maxdepth 1 \! -user mysql -exec chown mysql: '{}' +
    exec gosu mysql "${BASH_SOURCE[0]}" "$@"
  fi
  if [ ! -d "$data/mysql" ]; then
    mysql_install_db --datadir="$data" --rpm --auth-root-authentication-method=normal --skip-test-db >/dev/null
    mariadbd --skip-networking --socket="$socket" --datadir="$data" &
    for _ in $(seq 30); do
      mariadb-admin --protocol=socket -uroot -hlocalhost --socket="$socket" ping >/dev/null 2>&1 && break
      sleep 1
    done
    mariadb --protocol=socket -uroot -hlocalhost --socket="$socket" <<SQL
CREATE DATABASE shop;
DROP USER IF EXISTS 'root'@'127.0.0.1', 'root'@'::1';
CREATE USER 'root'@'%' IDENTIFIED BY '$MARIADB_ROOT_PASSWORD';
GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;
SET PASSWORD FOR 'root'@'localhost' = PASSWORD('$MARIADB_ROOT_PASSWORD');
SQL
    kill %1
    wait %1
    echo 'MariaDB init process done. Ready for start up.'
  fi
fi
exec "$@"
