#!/bin/bash
# Docker's health check: does the invoker answer GET /ping? Behind https only invited clients are answered; there it is well
# when it takes connections.
set -eu
exec 3<>"/dev/tcp/127.0.0.1/${PORT:-8080}"
if [[ ${CONFIG_whisk_invoker_protocol:-http} == https ]]; then exit 0; fi
printf 'GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 3 answer <&3
[[ $answer == "HTTP/1.1 200 "* ]]
