package io.peregrine.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/// Something that a simulated process does, such as one job. It runs on a thread of its own, but only while the
/// scheduler waits for it: at any moment one thread runs.
final class Activity {
    /// Thrown inside an activity whose process was killed; nothing that the code does on its way out has an
    /// effect.
    @SuppressWarnings("serial")
    static final class Killed extends Error {
        Killed() {
            super("the simulated process was killed", null, false, false);
        }
    }

    /// What an activity does.
    @FunctionalInterface
    interface Work {
        void run() throws Exception;
    }

    private static final ExecutorService THREADS = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("activity-", 0).factory());
    private static final ThreadLocal<Activity> CURRENT = new ThreadLocal<>();

    private final String name;
    private final Process process;
    private final Work work;
    private final Consumer<Throwable> then;
    private final Semaphore turn = new Semaphore(0);
    private final Semaphore scheduler = new Semaphore(0);
    private boolean started;
    private boolean over;
    private Throwable thrown;
    private int transactions;
    private final List<Runnable> leftOpen = new ArrayList<>();

    /// @param process whose activity it is; null, if it is nobody's that can be killed
    /// @param then told at the end what it threw, or null; on the scheduler's thread
    Activity(String name, Process process, Work work, Consumer<Throwable> then) {
        this.name = name;
        this.process = process;
        this.work = work;
        this.then = then;
    }

    /// @return the activity whose thread this is, or null on the scheduler's own
    static Activity current() {
        return CURRENT.get();
    }

    String name() {
        return name;
    }

    Process process() {
        return process;
    }

    /// Lets the activity run until it pauses or is over.
    void resume() {
        if (started) {
            turn.release();
        } else {
            started = true;
            THREADS.execute(this::run);
        }
        scheduler.acquireUninterruptibly();
    }

    private void run() {
        CURRENT.set(this);
        try {
            work.run();
        } catch (Throwable end) {
            thrown = end;
        } finally {
            CURRENT.remove();
            try {
                leftOpen.forEach(Runnable::run);
            } finally {
                over = true;
                scheduler.release();
            }
        }
    }

    /// Lets the scheduler go on elsewhere; returns when this activity is resumed.
    void pause() {
        scheduler.release();
        turn.acquireUninterruptibly();
    }

    /// @param close what is open while the activity lasts and ends with it, whatever way its code takes
    void opened(Runnable close) {
        leftOpen.add(close);
    }

    void mustLive() {
        if (process != null && !process.isAlive()) {
            throw new Killed();
        }
    }

    boolean isOver() {
        return over;
    }

    /// @return what the activity ended with, or null
    Throwable thrown() {
        return thrown;
    }

    void then() {
        then.accept(thrown);
    }

    /// Counts transactions that this activity has open: others may wait for their locks.
    void inTransaction(int change) {
        transactions += change;
    }

    boolean isInTransaction() {
        return transactions > 0;
    }
}
