#!/bin/bash
# Generates the secrets that are missing in the folders of /secrets: passwords for the database and for Kafka, a key for
# each role of REST, and certificates for both servers, signed by an authority that it also creates. Services, and the
# containers that create their roles and users, are in group 10001.
set -euo pipefail
umask 077
secrets=${1:-/secrets}
certificates=${2:-/usr/local/bin/certificates}
draw() { head -c 24 /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_'; }
password() { # FILE
  [ -s "$1" ] || { draw >"$1.new" && mv "$1.new" "$1" && echo "drawn: ${1#"$secrets"/}"; }
}
cd "$secrets"
if [ ! -s http/keys ]; then
  for role in read run maintain; do
    draw >"http/$role"
    echo "compose-$role $role $(<"http/$role")"
  done >http/keys.new
  mv http/keys.new http/keys
  echo "a key of each role was drawn for http"
fi
for folder in postgres ingest balance trainer cluster grafana; do password "$secrets/$folder/password"; done
for folder in ingest balance trainer cluster publisher; do password "$secrets/$folder/kafka-password"; done

# The arguments list the host names that clients use. A server reads a renewed certificate when it is restarted.
"$certificates" "$secrets/authority" kafka=kafka,localhost,127.0.0.1 postgres=postgres,localhost,127.0.0.1
cp authority/kafka.pem kafka/
cp authority/postgres.crt authority/postgres.key postgres/
for folder in postgres ingest balance trainer cluster publisher; do cp authority/ca.crt "$folder/"; done
# Settings for any Kafka client that publishes datasets or follows runs, including the authority's certificate.
cat >publisher/client.properties <<CLIENT
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="publisher" password="$(<publisher/kafka-password)";
ssl.truststore.type=PEM
ssl.truststore.certificates=$(awk '{printf "%s\\n", $0}' authority/ca.crt)
CLIENT

[ "$(id -u)" = 0 ] || exit 0 # Only root can change owners.
for folder in http postgres ingest balance trainer cluster kafka publisher grafana; do
  chown -R 0:10001 "$folder"
  chmod 0750 "$folder"
  chmod 0440 "$folder"/*
done
# The database server runs as the user postgres of this image, and refuses a key that its group can read. Grafana runs
# as user 472.
chmod 0400 postgres/postgres.key
chown -R "$(id -u postgres 2>/dev/null || echo 999):10001" postgres
chown -R 472:0 grafana
