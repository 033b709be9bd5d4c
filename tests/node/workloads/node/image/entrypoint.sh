#!/bin/bash
trap stop SIGINT SIGTERM
stop() {
  kill $child_pid
  wait $child_pid
}
node flows.js &
child_pid="$!"
wait "${child_pid}"
