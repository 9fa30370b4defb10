#!/bin/bash
# Run this before the first `kubectl apply`. It creates the namespace, a random password for each role without
# one, REST's keys, a certificate for the overlay's database, and the config map with the script that creates the
# roles. Running it again changes no secret. Strimzi creates Kafka's secrets.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
kubectl apply -f base/namespace.yaml
for role in postgres ingest balance trainer cluster; do
  kubectl -n peregrine get secret "database-$role" >/dev/null 2>&1 || head -c 24 /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_' |
    kubectl -n peregrine create secret generic "database-$role" --from-file=password=/dev/stdin
done
kubectl -n peregrine get secret http-keys >/dev/null 2>&1 || for role in read run maintain; do
  echo "kubernetes-$role $role $(head -c 24 /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_')"
done | kubectl -n peregrine create secret generic http-keys --from-file=keys=/dev/stdin
# For a database outside the cluster, database-ca must contain its CA certificate, and database-tls is not needed.
# To renew a certificate that was created here, delete both secrets, and restart the database and the services.
if ! kubectl -n peregrine get secret database-ca >/dev/null 2>&1; then
  certificates=$(mktemp -d)
  trap 'rm -rf "$certificates"' EXIT
  ../tls/certificates.sh "$certificates" postgres=postgres,postgres.peregrine,postgres.peregrine.svc,postgres.peregrine.svc.cluster.local
  kubectl -n peregrine create secret tls database-tls --cert="$certificates/postgres.crt" --key="$certificates/postgres.key"
  kubectl -n peregrine create secret generic database-ca --from-file=ca.crt="$certificates/ca.crt"
fi
kubectl -n peregrine create configmap roles --from-file=roles=../compose/postgres/roles.sh --from-file=../compose/postgres/roles.sql \
  --from-file=../compose/postgres/pg_hba.conf \
  --dry-run=client -o yaml | kubectl apply -f -
