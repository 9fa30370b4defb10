#!/bin/bash
# Publishes one dataset-ready with the broker's own console producer: the argument, or else standard input, which may
# go over several lines.
set -euo pipefail
event=${1:-$(cat)}
tr '\n' ' ' <<<"$event" | /opt/kafka/bin/kafka-console-producer.sh --bootstrap-server kafka:9092 \
  --command-config /run/secrets/publisher/client.properties --topic peregrine.datasets
echo "published; its run: http://localhost:${PEREGRINE_CLUSTER_PORT:-8084}/api/v1/runs"
