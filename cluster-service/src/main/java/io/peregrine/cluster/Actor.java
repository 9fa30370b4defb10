package io.peregrine.cluster;

import io.peregrine.events.CloudEvent;
import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.work.jobs.Audit;
import java.util.Optional;

/// The actor of an event: derived from the event's source and from the publisher that its producer states. Over
/// Kafka the actor is claimed, not proven.
final class Actor {
    static final String THIS_SERVICE = "/peregrine/cluster-service";

    private static final String SERVICES = "/peregrine/";
    private static final String COMMAND = "/peregrine/command";
    private static final String BARE = "/kafka/";

    private Actor() {}

    /// @param publisher the event's statement of its actor
    /// @return null for an event that the pipeline itself published
    static String of(CloudEvent event, Optional<String> publisher) {
        boolean asked = event.data() instanceof DatasetReady
                || event.data() instanceof RunCancelled
                || event.data() instanceof RunDeleted;
        if (!asked) {
            return null;
        }
        String source = event.source();
        if (source.equals(COMMAND)) {
            return publisher.map(user -> "command, user " + user).orElse("command");
        }
        if (source.startsWith(SERVICES)) {
            // The service has recorded the actor of the request.
            return publisher.orElse(Audit.actor(source));
        }
        String client = source.startsWith(BARE) ? "Kafka client" : "Kafka client, source " + source;
        return Audit.actor(publisher.map(user -> client + ", user " + user).orElse(client));
    }
}
