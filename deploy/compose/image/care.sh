#!/bin/bash
# Maintains the artifacts that this container's service published. `care unneeded` lists those that no run
# references, `care prune` deletes them, `care check [CURSOR]` reads those that runs reference. It prints the
# service's answer.
case "$1" in
  unneeded | check) method=GET ;;
  prune) method=POST ;;
  *) echo "The command is '$1'; it must be unneeded, prune or check [CURSOR]." >&2; exit 2 ;;
esac
# The first key of a maintainer that the service's key file contains in plain text.
authorization=
while read -r _ role value; do
  if [ "$role" = maintain ] && [[ "$value" != sha256:* ]]; then authorization="Authorization: Bearer $value"$'\r\n'; break; fi
done < <(cat "${PEREGRINE_HTTP_KEYS_FILE:-/dev/null}"; echo)
exec 3<>"/dev/tcp/127.0.0.1/$QUARKUS_HTTP_PORT" || exit 1
printf '%s /api/v1/artifacts/%s HTTP/1.0\r\nHost: localhost\r\n%sContent-Length: 0\r\n\r\n' "$method" "$1${2:+?cursor=$2}" \
  "$authorization" >&3
read -r _ status _ <&3
while read -r line <&3 && [ "$line" != $'\r' ]; do :; done
cat <&3
echo
[ "$status" = 200 ]
