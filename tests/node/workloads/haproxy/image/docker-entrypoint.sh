#!/bin/sh
set -e
if [ "$1" = haproxy ]; then
  shift
  # master-worker mode, in the foreground
  set -- haproxy -W -db "$@"
fi
exec "$@"
