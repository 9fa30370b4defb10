#!/bin/bash
# Creates roles and schemas. A further run only sets each role's password to that of its secret.
set -euo pipefail
PGPASSWORD=$(</run/secrets/postgres/password)
export PGPASSWORD PGSSLMODE=verify-full PGSSLROOTCERT=${PGSSLROOTCERT:-/run/secrets/postgres/ca.crt}
for service in ingest balance trainer cluster; do
  # Passwords go through standard input, because every process can read command lines.
  printf '\\set service %s\n\\set password %s\n\\ir /roles.sql\n' "$service" "$(</run/secrets/$service/password)"
done | psql -q -v ON_ERROR_STOP=1 -h postgres -U postgres -d peregrine
echo "roles and schemas: ingest balance trainer cluster"
