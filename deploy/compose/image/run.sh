#!/bin/bash
# Starts the service. Secrets are read from files, so that `docker inspect` does not show them.
set -euo pipefail
if [ -n "${PEREGRINE_DATABASE_PASSWORD_FILE:-}" ]; then
  PEREGRINE_DATABASE_PASSWORD=$(<"$PEREGRINE_DATABASE_PASSWORD_FILE")
  export PEREGRINE_DATABASE_PASSWORD
fi
if [ -n "${PEREGRINE_KAFKA_PASSWORD_FILE:-}" ]; then
  printf -v KAFKA_SASL_JAAS_CONFIG '%s required username="%s" password="%s";' \
    org.apache.kafka.common.security.scram.ScramLoginModule '${quarkus.application.name}' "$(<"$PEREGRINE_KAFKA_PASSWORD_FILE")"
  export KAFKA_SASL_JAAS_CONFIG
fi
# docs/architecture.md describes the flags. The paths of the decompression libraries of Kafka's clients are set
# here; otherwise each would unpack its own copy into /tmp.
natives=$PEREGRINE_NATIVES
exec java "-Xmx${PEREGRINE_HEAP:-512m}" @/opt/peregrine/jvm/jvm.options @/opt/peregrine/jvm/service.options -Dai.djl.offline=true \
  "-DZstdNativePath=$natives/libzstd-jni.so" \
  "-Dorg.xerial.snappy.lib.path=$natives" -Dorg.xerial.snappy.lib.name=libsnappyjava.so \
  ${JAVA_OPTIONS:-} -jar /opt/peregrine/quarkus-run.jar
