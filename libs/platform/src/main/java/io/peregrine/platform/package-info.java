/// A local Kafka broker and a local PostgreSQL, with their ports and passwords.
package io.peregrine.platform;
