#!/bin/bash
# Makes roles and schemas. Told again it changes nothing, except that each role has the password of its secret.
set -euo pipefail
PGPASSWORD=$(</run/secrets/postgres/password)
export PGPASSWORD PGSSLMODE=verify-full PGSSLROOTCERT=${PGSSLROOTCERT:-/run/secrets/postgres/ca.crt}
for service in ingest balance trainer cluster; do
  # Into the script by standard input: what is on a command line every process sees.
  printf '\\set service %s\n\\set password %s\n\\ir /roles.sql\n' "$service" "$(</run/secrets/$service/password)"
done | psql -q -v ON_ERROR_STOP=1 -h postgres -U postgres -d peregrine
echo "roles and schemas: ingest balance trainer cluster"
