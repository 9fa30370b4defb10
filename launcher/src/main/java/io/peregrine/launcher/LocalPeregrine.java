package io.peregrine.launcher;

import io.peregrine.platform.JvmOptions;
import io.peregrine.platform.LocalBroker;
import io.peregrine.platform.LocalPostgres;
import io.peregrine.platform.Ports;
import io.peregrine.platform.ProjectRoot;
import io.peregrine.platform.RefusedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// All of Peregrine on one machine: broker, database and the four services as child processes.
///
/// The `./peregrine` command and the end-to-end tests start it. A child process that ends or hangs is restarted.
/// Data and logs are stored under one folder.
public final class LocalPeregrine implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final Duration PROBE_PAUSE = Duration.ofSeconds(15);
    private static final int PROBES = 6;

    /// The ports on loopback; 0 selects a free port.
    public record Addresses(int kafka, int postgres, Map<Service, Integer> services) {
        /// The default ports, which `--help` lists.
        public static Addresses defaults() {
            Map<Service, Integer> ports = new EnumMap<>(Service.class);
            for (Service service : Service.values()) {
                ports.put(service, service.defaultPort());
            }
            return new Addresses(9092, 5433, ports);
        }

        /// @return each process's name with its port
        Map<String, Integer> byName() {
            Map<String, Integer> ports = new LinkedHashMap<>();
            ports.put("Kafka", kafka);
            ports.put("PostgreSQL", postgres);
            services.forEach((service, port) -> ports.put(service.module(), port));
            return ports;
        }

        /// Free ports, for tests.
        public static Addresses free() {
            Map<Service, Integer> ports = new EnumMap<>(Service.class);
            for (Service service : Service.values()) {
                ports.put(service, Ports.free());
            }
            return new Addresses(0, 0, ports);
        }
    }

    private final Path data;
    private final List<Path> roots;
    private final Addresses addresses;
    private final Map<String, String> environment;
    private final Consumer<String> notices;
    private final Map<Service, ServiceProcess> services = new EnumMap<>(Service.class);
    private final List<Process> replicas = new ArrayList<>();
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
    private final ChildProcesses children;
    private final Supervisor supervisor;
    private LocalBroker broker;
    private LocalPostgres postgres;
    private DataLock lock;
    private boolean stopping;

    private LocalPeregrine(
            Path data,
            List<Path> roots,
            Addresses addresses,
            Map<String, String> environment,
            Consumer<String> notices) {
        this.data = DataFolder.checked(data);
        this.roots = roots.stream().map(r -> r.toAbsolutePath().normalize()).toList();
        this.addresses = addresses;
        this.environment = environment;
        this.notices = notices;
        this.children = new ChildProcesses(this.data);
        this.supervisor = new Supervisor(children, PROBE_PAUSE, PROBES, notices);
    }

    /// Starts everything and waits until every service is ready. All child processes end at the latest when this
    /// process ends.
    ///
    /// @param data folder for data and logs; existing data in it are used
    /// @param roots folders below which datasets may be stored
    /// @param environment additional environment variables of every service; they override those set here
    /// @param notices receives one line for each child that ended or hung and is restarted
    /// @throws RefusedException if a port or the data folder is in use, its path is not allowed ([DataFolder]),
    ///     or a component is not built or does not start
    public static LocalPeregrine start(
            Path data,
            List<Path> roots,
            Addresses addresses,
            Map<String, String> environment,
            Consumer<String> notices) {
        LocalPeregrine peregrine = new LocalPeregrine(data, roots, addresses, environment, notices);
        // Registered before anything starts, because Ctrl-C may come at any moment.
        Runtime.getRuntime().addShutdownHook(new Thread(peregrine::close, "stop Peregrine"));
        try {
            peregrine.startAll();
            return peregrine;
        } catch (RuntimeException e) {
            peregrine.close();
            throw e;
        }
    }

    private void startAll() {
        for (Service service : Service.values()) {
            Path jar = jar(service);
            if (!Files.isRegularFile(jar)) {
                throw new RefusedException("%s is not built: %s does not exist. Run ./peregrine, which builds it."
                        .formatted(service.module(), jar));
            }
        }
        lock = DataLock.take(data)
                .orElseThrow(() -> new RefusedException(
                        "The data folder %s is in use by another Peregrine. Stop it (./peregrine down, if ./peregrine up started it),"
                                        .formatted(data)
                                + " or choose another folder with --data."));
        // Before the ports are checked, because processes left by an earlier launcher may occupy them.
        children.endOrphans().forEach(notices);
        for (Service service : Service.values()) {
            Ports.requireFree(addresses.services().get(service), service.module());
        }
        CompletableFuture<Void> kafka = CompletableFuture.runAsync(() -> {
            broker = LocalBroker.start(data.resolve("kafka"), addresses.kafka());
            supervisor.watch(broker);
        });
        CompletableFuture<Void> database = CompletableFuture.runAsync(() -> {
            postgres = LocalPostgres.start(data.resolve("postgres"), addresses.postgres());
            supervisor.watch(postgres);
        });
        join(CompletableFuture.allOf(kafka, database));
        for (Service service : Service.values()) {
            launch(service);
        }
        for (Service service : Service.values()) {
            awaitReady(service);
        }
    }

    private static void join(CompletableFuture<Void> both) {
        try {
            both.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    private static Path jar(Service service) {
        return ProjectRoot.path().resolve(service.module()).resolve("target/quarkus-app/quarkus-run.jar");
    }

    private synchronized void launch(Service service) {
        if (!stopping) {
            int port = addresses.services().get(service);
            ServiceProcess process =
                    new ServiceProcess(service, port, log(service), http, () -> start(service, port, log(service)));
            services.put(service, process.start());
            supervisor.watch(process);
        }
    }

    private Process start(Service service, int port, Path log) {
        int threads = Math.max(1, Runtime.getRuntime().availableProcessors());
        List<String> command = new ArrayList<>(List.of(JvmOptions.java(), "-Xmx" + service.heap()));
        command.addAll(JvmOptions.service());
        command.addAll(List.of(
                "-Dai.djl.pytorch.num_threads=" + threads, "-jar", jar(service).toString()));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        Map<String, String> given = builder.environment();
        given.put("PEREGRINE_STORE", store().toString());
        given.put("PEREGRINE_ROOTS", RootsSetting.of(roots));
        given.put("PEREGRINE_GRANTS", grants(data).toString());
        given.put("PEREGRINE_TRAINER_STATE", trainerState().toString());
        given.put("PEREGRINE_DATABASE_URL", postgres.url());
        given.put("PEREGRINE_DATABASE_USER", service.word());
        given.put("PEREGRINE_DATABASE_PASSWORD", postgres.password(service.word()));
        given.put("PEREGRINE_PARENT", Long.toString(ProcessHandle.current().pid()));
        given.put("PEREGRINE_CLUSTER_URL", address(Service.CLUSTER));
        given.put("PEREGRINE_INGEST_URL", address(Service.INGEST));
        given.put("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrapServers());
        given.put("QUARKUS_HTTP_HOST", "127.0.0.1");
        // On loopback each service serves health and metrics on its main port.
        given.put("QUARKUS_MANAGEMENT_HOST_ENABLED", "false");
        given.put("PEREGRINE_HTTP_KEYS_FILE", LocalKeys.createIfMissing(data).toString());
        given.put("QUARKUS_HTTP_PORT", Integer.toString(port));
        // In a non-UTF-8 locale Java cannot represent or open file names such as 'café.jpg'.
        given.put("LC_ALL", "C.UTF-8");
        given.put("MALLOC_ARENA_MAX", "2");
        given.put("THP_MEM_ALLOC_ENABLE", "1");
        given.put("OMP_WAIT_POLICY", "PASSIVE");
        given.put("OPENCV_IO_MAX_IMAGE_PIXELS", "400000000");
        given.putAll(environment);
        if (service == Service.TRAINER) {
            Jemalloc.use(given, Jemalloc.find());
        }
        try {
            return builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + service.module(), e);
        }
    }

    /// @param data folder of data and logs
    /// @return the folder of grants, which allow a run to read folders outside the roots; only its owner can
    ///     write there
    public static Path grants(Path data) {
        Path folder = data.resolve("grants");
        try {
            if (!Files.isDirectory(folder)) {
                Files.createDirectories(data);
                Files.createDirectory(
                        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
            return folder;
        } catch (IOException e) {
            throw new RefusedException("Cannot create the folder %s: %s.".formatted(folder, e));
        }
    }

    private synchronized Process process(Service service) {
        return services.get(service).current();
    }

    /// Waits until a service reports that it is ready.
    ///
    /// @throws RefusedException after two minutes, with the path of the log
    public void awaitReady(Service service) {
        HttpRequest ready = HttpRequest.newBuilder(URI.create(address(service) + "/q/health/ready"))
                .timeout(Duration.ofSeconds(5))
                .build();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            try {
                if (http.send(ready, HttpResponse.BodyHandlers.discarding()).statusCode() == 200) {
                    return;
                }
                TimeUnit.MILLISECONDS.sleep(100);
            } catch (IOException notReady) {
                pause();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while waiting for " + service.module(), e);
            }
        }
        throw new RefusedException("%s is not ready after %d s. See its log %s."
                .formatted(service.module(), PATIENCE.toSeconds(), log(service)));
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Kills a service's process (`kill -9`); the supervisor restarts it.
    public void kill(Service service) {
        process(service).destroyForcibly().onExit().join();
    }

    /// Terminates a service's process (SIGTERM) and waits until it has exited; the supervisor restarts it.
    public void terminate(Service service) {
        Process process = process(service);
        process.destroy();
        process.onExit().join();
    }

    /// Starts a second process of a service with the same broker, database and store and its own port. The
    /// supervisor does not restart it. It ends with the other processes.
    ///
    /// @param log the log file
    public synchronized Process replica(Service service, Path log) {
        Process replica = start(service, 0, log);
        replicas.add(replica);
        return replica;
    }

    /// @return the process id of a service's current process
    public long pid(Service service) {
        return process(service).pid();
    }

    /// @return `http://127.0.0.1:<port>` of a service
    public String address(Service service) {
        return "http://127.0.0.1:" + addresses.services().get(service);
    }

    public LocalBroker broker() {
        return broker;
    }

    public LocalPostgres postgres() {
        return postgres;
    }

    /// @return the folder of artifacts
    public Path store() {
        return data.resolve("store");
    }

    /// @return the folder of the trainer's resume states
    public Path trainerState() {
        return data.resolve("trainer");
    }

    /// @return the folder of data and logs
    public Path data() {
        return data;
    }

    /// @return the log file of a service
    public Path log(Service service) {
        return data.resolve("logs").resolve(service.module() + ".log");
    }

    /// Stops everything: services first, so that each releases its jobs, then broker and database.
    @Override
    public void close() {
        List<Process> all;
        synchronized (this) {
            stopping = true;
            replicas.forEach(Process::destroy);
            all = Stream.concat(services.values().stream().map(ServiceProcess::stop), replicas.stream())
                    .toList();
        }
        supervisor.close();
        long deadline = System.nanoTime() + Duration.ofSeconds(15).toNanos();
        for (Process process : all) {
            try {
                if (!process.waitFor(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS)) {
                    process.destroyForcibly().onExit().join();
                }
            } catch (InterruptedException e) {
                process.destroyForcibly();
                Thread.currentThread().interrupt();
            }
        }
        if (postgres != null) {
            postgres.close();
        }
        if (broker != null) {
            broker.close();
        }
        if (lock != null) {
            lock.close();
        }
    }
}
