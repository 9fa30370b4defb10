package io.peregrine.events;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/// The users of a broker with authentication, and their permissions: one user for each service, and one for
/// clients that publish datasets and follow runs.
public enum BrokerUser {
    INGEST("ingest-service", Set.of(Topics.DATASETS, Topics.RUNS), Set.of(Topics.DATASETS, Topics.IMAGES, Topics.RUNS)),
    BALANCE("balance-service", Set.of(Topics.IMAGES, Topics.RUNS), Set.of(Topics.SHARDS, Topics.RUNS)),
    TRAINER("trainer-service", Set.of(Topics.SHARDS, Topics.RUNS), Set.of(Topics.CHECKPOINTS, Topics.RUNS)),
    CLUSTER("cluster-service", Topics.partitions().keySet(), Set.of(Topics.RUNS)),
    PUBLISHER("publisher", Topics.partitions().keySet(), Set.of(Topics.DATASETS));

    private static final String EVERY_TOPIC = "peregrine.";

    private final String user;
    private final Set<String> reads;
    private final Set<String> writes;

    BrokerUser(String user, Set<String> reads, Set<String> writes) {
        this.user = user;
        this.reads = new TreeSet<>(reads);
        this.writes = new TreeSet<>(writes);
    }

    /// @return name of the user on the broker
    public String user() {
        return user;
    }

    /// @return topics that the user may read
    public Set<String> reads() {
        return reads;
    }

    /// @return topics that the user may write
    public Set<String> writes() {
        return writes;
    }

    /// @return the consumer group that the user may use; for a publisher, every group whose name begins with this
    public String group() {
        return user;
    }

    /// @return all permissions of the user. Every user may see whether each of the five topics exists: a service
    ///     is ready once all exist
    public List<AclBinding> acls() {
        List<AclBinding> acls = new ArrayList<>();
        acls.add(allow(ResourceType.TOPIC, EVERY_TOPIC, PatternType.PREFIXED, AclOperation.DESCRIBE));
        reads.forEach(topic -> acls.add(allow(ResourceType.TOPIC, topic, PatternType.LITERAL, AclOperation.READ)));
        writes.forEach(topic -> acls.add(allow(ResourceType.TOPIC, topic, PatternType.LITERAL, AclOperation.WRITE)));
        PatternType groups = this == PUBLISHER ? PatternType.PREFIXED : PatternType.LITERAL;
        acls.add(allow(ResourceType.GROUP, group(), groups, AclOperation.READ));
        return acls;
    }

    private AclBinding allow(ResourceType type, String name, PatternType pattern, AclOperation operation) {
        return new AclBinding(
                new ResourcePattern(type, name, pattern),
                new AccessControlEntry("User:" + user, "*", operation, AclPermissionType.ALLOW));
    }
}
