#!/bin/sh
# The image edits its own configuration, and goes on without where it cannot.
set -e
file=/etc/nginx/conf.d/default.conf
[ -f "$file" ] || { echo "info: $file is not a file or does not exist"; exit 0; }
touch "$file" 2>/dev/null || { echo "info: can not modify $file (read-only file system?)"; exit 0; }
[ -f /proc/net/if_inet6 ] || exit 0
sed -i -E 's,listen       80;,listen       80;\n    listen  [::]:80;,' "$file"
