/// Starts and supervises broker, database, services and Prometheus on one machine.
package io.peregrine.launcher;
