#!/bin/bash
# Publishes one dataset-ready event with the broker's console producer. The event is the argument, or standard input
# without one; it may have several lines.
set -euo pipefail
event=${1:-$(cat)}
tr '\n' ' ' <<<"$event" | /opt/kafka/bin/kafka-console-producer.sh --bootstrap-server kafka:9092 \
  --command-config /run/secrets/publisher/client.properties --topic peregrine.datasets
echo "published; its run: http://localhost:${PEREGRINE_CLUSTER_PORT:-8084}/api/v1/runs"
