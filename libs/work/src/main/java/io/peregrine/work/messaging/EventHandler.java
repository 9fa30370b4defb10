package io.peregrine.work.messaging;

import io.peregrine.events.CloudEvent;
import io.peregrine.work.jobs.Transaction;

/// Turns a new event into rows and jobs. Each service has one, for all topics that it consumes.
@FunctionalInterface
public interface EventHandler {
    void handle(CloudEvent event, Transaction tx);
}
