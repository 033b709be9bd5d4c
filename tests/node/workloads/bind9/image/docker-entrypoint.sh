#!/bin/bash
set -e
# allow arguments to be passed to named
if [[ ${1:0:1} = '-' ]]; then
  EXTRA_ARGS="$*"
  set --
fi
if [[ -z ${1} ]]; then
  echo "Starting named..."
  exec /usr/sbin/named -u bind -g ${EXTRA_ARGS}
fi
exec "$@"
