package io.peregrine.simulator;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.peregrine.cluster.SimulatedCluster;
import io.peregrine.events.EventCodec;
import io.peregrine.events.RunRef;
import io.peregrine.events.Topics;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;

/// Users that publish datasets, cancel runs and delete runs.
final class Users {
    /// All users use the same id, because an event is identified by source and id together.
    private static final String ID = "gallery-1";

    /// Events without which a run cannot complete.
    private static final List<String> REFUSED =
            List.of("io.peregrine.dataset.sealed.v1", "io.peregrine.dataset.balanced.v1");

    /// A run that was published.
    static final class Run {
        final String id;
        final int dataset;
        boolean mayBeCancelled;
        /// Type of the event that the broker rejects permanently, or null.
        String refused;

        Run(String id, int dataset) {
            this.id = id;
            this.dataset = dataset;
        }

        private RunRef ref() {
            return new RunRef(id, "d" + dataset, null);
        }
    }

    private final Schedule schedule;
    private final RandomGenerator random;
    private final int runs;
    private final List<Run> published = new ArrayList<>();
    private int cancelsLeft;
    private int deletesLeft;
    private boolean refusalLeft;
    private final boolean recycling;
    private boolean asking;

    Users(Schedule schedule, RandomGenerator random, Weather weather) {
        this.schedule = schedule;
        this.random = random;
        this.runs = weather.runs();
        this.cancelsLeft = weather.cancels();
        this.deletesLeft = weather.deletes();
        this.recycling = weather.recycling();
        this.refusalLeft = weather.refusal();
    }

    /// @return all published runs
    List<Run> published() {
        return published;
    }

    /// @return whether the broker rejects an event of a run permanently
    boolean isRefused(String run, String type) {
        return published.stream().anyMatch(one -> one.id.equals(run) && type.equals(one.refused));
    }

    void offer(Offers offers) {
        if (published.size() < runs) {
            offers.add(3, this::publish);
        }
        if (!published.isEmpty() && !asking) {
            if (cancelsLeft > 0) {
                offers.add(1, this::cancel);
            }
            if (deletesLeft > 0) {
                offers.add(1, this::delete);
            }
        }
    }

    void publishRest() {
        while (published.size() < runs) {
            publish();
        }
    }

    void publish() {
        boolean again = recycling && !published.isEmpty();
        publish(again ? published.getFirst().dataset : random.nextInt(Datasets.COUNT));
    }

    /// @return the run
    Run publish(int dataset) {
        String source = "/user/" + published.size();
        byte[] data = schedule.datasets().ready(dataset).getBytes(UTF_8);
        Headers headers = new RecordHeaders();
        headers.add("ce_specversion", "1.0".getBytes(UTF_8));
        headers.add("ce_id", ID.getBytes(UTF_8));
        headers.add("ce_source", source.getBytes(UTF_8));
        headers.add("ce_type", "io.peregrine.dataset.ready.v1".getBytes(UTF_8));
        Run run = new Run(EventCodec.runId(source, ID), dataset);
        if (refusalLeft && schedule.faults().areOn()) {
            refusalLeft = false;
            run.refused = REFUSED.get(random.nextInt(REFUSED.size()));
        }
        published.add(run);
        schedule.trace("a user publishes dataset d%d as run %s".formatted(dataset, run.id));
        schedule.broker().append(Topics.DATASETS, null, data, headers, false);
        return run;
    }

    private void cancel() {
        Run run = published.get(random.nextInt(published.size()));
        cancelsLeft--;
        // The cancellation may succeed even if the user gets an error.
        run.mayBeCancelled = true;
        request("a user cancels run " + run.id, cluster -> cluster.cancel(run.ref()));
    }

    void delete() {
        Run run = published.get(random.nextInt(published.size()));
        request("a user deletes run " + run.id, cluster -> {
            if (cluster.delete(run.ref())) {
                deletesLeft--;
            }
        });
    }

    private void request(String what, java.util.function.Consumer<SimulatedCluster> question) {
        List<Process> processes = schedule.state(Service.CLUSTER).processes();
        Process process = processes.get(random.nextInt(processes.size()));
        asking = true;
        schedule.start(what, process, () -> question.accept((SimulatedCluster) process.code()), thrown -> {
            asking = false;
            schedule.state(Service.CLUSTER).mayHaveWork();
        });
    }
}
