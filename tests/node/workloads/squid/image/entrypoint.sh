#!/bin/bash
set -e
# re-create snakeoil, log and cache folders, which may be mounted, and let the user have them
mkdir -p /var/log/squid /var/spool/squid
chmod -R 755 /var/log/squid
chown -R proxy:proxy /var/log/squid /var/spool/squid
if [ ! -d /var/spool/squid/00 ]; then
  /usr/sbin/squid -N -f /etc/squid/squid.conf -z
fi
tail -F /var/log/squid/access.log 2>/dev/null &
exec /usr/sbin/squid "$@"
