package io.peregrine.testkit;

import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/// A test of a running service, with a [KafkaFixture] for each of its methods.
public abstract class WithKafka {
    /// Opened before the test's own `@BeforeEach`, closed after its `@AfterEach`.
    protected KafkaFixture kafka;

    @BeforeEach
    void openKafka() {
        kafka = new KafkaFixture(ConfigProvider.getConfig().getValue("kafka.bootstrap.servers", String.class));
    }

    @AfterEach
    void closeKafka() {
        kafka.close();
    }
}
