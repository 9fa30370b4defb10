#!/bin/bash
# Creates certificates for the servers that Peregrine's services connect to, and a certificate authority that signs them.
#
# usage: certificates.sh FOLDER SERVER=NAME[,NAME…] …     such as: certificates.sh tls kafka=kafka,localhost postgres=postgres
#
# It writes ca.crt and ca.key to FOLDER, and for each server SERVER.crt, SERVER.key and SERVER.pem (key, certificate and
# authority in one file). Existing files are kept, until a server's certificate expires within 90 days or its names
# change. Requires OpenSSL.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,8s/^# \?//p' "$0" >&2; exit 2; }
umask 077
mkdir -p "$1"
cd "$1"
shift
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }
fresh() { # SERVER NAMES
  openssl x509 -in "$1.crt" -noout -checkend $((90 * 86400)) >/dev/null 2>&1 && [ "$(cat "$1.names" 2>/dev/null)" = "$2" ]
}
if [ ! -s ca.crt ]; then
  key ca.key
  openssl req -x509 -new -key ca.key -sha256 -days 3650 -subj "/CN=Peregrine $(openssl rand -hex 4)" \
    -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign -out ca.crt.new
  mv ca.crt.new ca.crt
fi
for server; do
  name=${server%%=*} names=${server#*=}
  if fresh "$name" "$names"; then continue; fi
  key "$name.key"
  alternatives=$(tr ',' '\n' <<<"$names" | sed -E '/^[0-9.]+$/s/^/IP:/; t; s/^/DNS:/' | paste -sd,)
  openssl req -new -key "$name.key" -subj "/CN=${names%%,*}" |
    openssl x509 -req -CA ca.crt -CAkey ca.key -sha256 -days 825 -set_serial "0x$(openssl rand -hex 16)" -extfile <(
      printf 'subjectAltName=%s\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n' "$alternatives"
    ) -out "$name.crt"
  cat "$name.key" "$name.crt" ca.crt >"$name.pem"
  echo "$names" >"$name.names"
  echo "a certificate was made for $name: $names"
done
