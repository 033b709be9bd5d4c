#!/bin/bash -e
if [ ! -w "$GF_PATHS_DATA" ]; then
  echo "GF_PATHS_DATA='$GF_PATHS_DATA' is not writable."
  echo "You may have issues with file permissions"
fi
mkdir -p "$GF_PATHS_PLUGINS"
exec python3 server.py
