#!/bin/bash
# Whether the server at the port TLITE_PORT (8080) of this container answers /health with 200; bash alone, for a slim image has no curl.
exec 3<>"/dev/tcp/127.0.0.1/${TLITE_PORT:-8080}" || exit 1
printf 'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r _ status _ <&3
[ "$status" = 200 ]
