#!/bin/bash
# Exit status 0 if the service reports on its management port that it is ready. Bash can send the HTTP request, so
# the image needs no curl.
exec 3<>"/dev/tcp/127.0.0.1/${QUARKUS_MANAGEMENT_PORT:-9000}" || exit 1
printf 'GET /q/health/ready HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
read -r _ status _ <&3
[ "$status" = 200 ]
