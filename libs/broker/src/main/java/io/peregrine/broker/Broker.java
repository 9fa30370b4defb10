package io.peregrine.broker;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import kafka.tools.StorageTool;
import org.apache.kafka.common.utils.Time;

/// Runs one KRaft node, which is both broker and controller, until it is stopped or its parent process has ended.
///
/// Arguments: the properties file, which sets `log.dirs`, and the parent's process id.
public final class Broker {
    private Broker() {}

    public static void main(String[] arguments) throws IOException {
        Path file = Path.of(arguments[0]);
        haltWith(Long.parseLong(arguments[1]));
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        }
        if (!Files.exists(Path.of(properties.getProperty("log.dirs")).resolve("meta.properties"))) {
            String[] format = {
                "format", "-t", "cGVyZWdyaW5lLWxvY2FsMQ", "-c", file.toString(), "--ignore-formatted", "--standalone"
            };
            if (StorageTool.execute(format, System.out) != 0) {
                throw new IOException("cannot format the broker's folder " + properties.getProperty("log.dirs"));
            }
        }
        KafkaRaftServer server = new KafkaRaftServer(KafkaConfig.fromProps(properties, false), Time.SYSTEM);
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdown));
        server.startup();
        server.awaitShutdown();
    }

    /// Halts the broker when its launcher ends, because otherwise it would keep the port and the folder in use.
    /// The launcher is searched among the ancestors of this process: if it has ended already, another process may
    /// have its id.
    private static void haltWith(long parent) {
        Stream.iterate(
                        ProcessHandle.current().parent(),
                        Optional::isPresent,
                        process -> process.flatMap(ProcessHandle::parent))
                .flatMap(Optional::stream)
                .filter(process -> process.pid() == parent)
                .findFirst()
                .ifPresentOrElse(launcher -> launcher.onExit().thenRun(Broker::halt), Broker::halt);
    }

    private static void halt() {
        Runtime.getRuntime().halt(0);
    }
}
