/// Inbox, outbox and quarantine between Kafka and PostgreSQL.
package io.peregrine.work.messaging;
