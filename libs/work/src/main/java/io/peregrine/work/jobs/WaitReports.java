package io.peregrine.work.jobs;

import io.peregrine.events.PipelineEvent.StageQueued;
import io.peregrine.events.Stage;
import java.util.ArrayList;
import java.util.List;

/// Reports the runs that have waited long for a worker or a resource.
final class WaitReports {
    private static final int LONG_WAIT_SECONDS = 10;

    private final Database database;
    private final Stage stage;
    private final FairShare turns;

    /// @param stage stage in which the reported runs wait
    WaitReports(Database database, Stage stage, FairShare turns) {
        this.database = database;
        this.stage = stage;
        this.turns = turns;
    }

    /// @return the runs that wait for a worker, in the order in which they will be served
    List<FairShare.Waiting> waitingRuns() {
        return database.jdbi().withHandle(turns::waiting);
    }

    /// Publishes `stage.queued` for each run that has waited long and was not reported lately.
    void publish() {
        List<FairShare.Waiting> all = new ArrayList<>(database.jdbi().withHandle(turns::lackingResource));
        all.addAll(waitingRuns());
        for (FairShare.Waiting waiting : all) {
            if (waiting.due() && waiting.seconds() >= LONG_WAIT_SECONDS) {
                publish(waiting);
            }
        }
    }

    private void publish(FairShare.Waiting waiting) {
        String run = waiting.run().id();
        database.useTransaction(null, tx -> {
            // Lock the run before its turn, as everywhere else, to avoid deadlocks.
            if (!tx.hasEnded(run)) {
                FairShare.claimReport(tx.sql(), run)
                        .ifPresent(report -> tx.publish(
                                new StageQueued(
                                        waiting.run(),
                                        stage,
                                        waiting.position(),
                                        waiting.behind(),
                                        waiting.seconds(),
                                        waiting.resource()),
                                "%s/%d".formatted(stage.jsonName(), report)));
            }
        });
    }
}
