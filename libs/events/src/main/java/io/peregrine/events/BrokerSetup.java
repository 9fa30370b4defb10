package io.peregrine.events;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialAlteration;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.acl.AccessControlEntryFilter;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.ResourcePatternFilter;

/// Creates on a broker the five topics, the users of [BrokerUser] with their passwords (SCRAM-SHA-512) and their
/// ACLs. It is idempotent: a repeated run adds what is missing and removes permissions that these users no longer
/// have.
///
/// Arguments: the properties file of a Kafka client with the permissions to do so, and a folder that contains a
/// file `USER/kafka-password` for each user. Without the folder only the topics are created.
public final class BrokerSetup {
    private static final ScramCredentialInfo SCRAM = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 8192);

    private BrokerSetup() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments.length < 1 || arguments.length > 2) {
            System.err.println("BrokerSetup takes CLIENT_PROPERTIES [PASSWORDS_FOLDER].");
            System.exit(2);
        }
        Properties client = new Properties();
        try (Reader reader = Files.newBufferedReader(Path.of(arguments[0]))) {
            client.load(reader);
        }
        try (Admin admin = Admin.create(client)) {
            createTopics(admin);
            if (arguments.length == 2) {
                createUsers(admin, Path.of(arguments[1]));
                replaceAcls(admin);
            }
        }
        System.out.println("topics: " + String.join(" ", Topics.partitions().keySet()));
    }

    private static void createTopics(Admin admin) throws ExecutionException, InterruptedException {
        Set<String> present = admin.listTopics().names().get();
        // The broker's default sets the number of replicas.
        List<NewTopic> missing = Topics.partitions().entrySet().stream()
                .filter(topic -> !present.contains(topic.getKey()))
                .map(topic -> new NewTopic(topic.getKey(), Optional.of(topic.getValue()), Optional.empty()))
                .toList();
        admin.createTopics(missing).all().get();
    }

    private static void createUsers(Admin admin, Path passwords)
            throws IOException, ExecutionException, InterruptedException {
        List<UserScramCredentialAlteration> users = new ArrayList<>();
        for (BrokerUser user : BrokerUser.values()) {
            String password = Files.readString(passwords.resolve(user.user()).resolve("kafka-password"))
                    .strip();
            users.add(new UserScramCredentialUpsertion(user.user(), SCRAM, password));
        }
        admin.alterUserScramCredentials(users).all().get();
    }

    private static void replaceAcls(Admin admin) throws ExecutionException, InterruptedException {
        for (BrokerUser user : BrokerUser.values()) {
            AclBindingFilter ofUser = new AclBindingFilter(
                    ResourcePatternFilter.ANY,
                    new AccessControlEntryFilter("User:" + user.user(), null, AclOperation.ANY, AclPermissionType.ANY));
            Collection<AclBinding> present = admin.describeAcls(ofUser).values().get();
            Set<AclBinding> missing = new HashSet<>(user.acls());
            missing.removeAll(present);
            admin.createAcls(missing).all().get();
            Set<AclBinding> surplus = new HashSet<>(present);
            surplus.removeAll(user.acls());
            admin.deleteAcls(surplus.stream().map(AclBinding::toFilter).toList())
                    .all()
                    .get();
            System.out.println(user.user() + " reads " + user.reads() + ", writes " + user.writes());
        }
    }
}
