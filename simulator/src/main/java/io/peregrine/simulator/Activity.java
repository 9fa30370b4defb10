package io.peregrine.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/// Something that a simulated process does, such as one job. It has its own thread, but the scheduler waits while
/// it runs, so only one thread runs at any moment.
final class Activity {
    /// Thrown inside an activity whose process was killed. What the code does while it unwinds has no effect.
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

    /// @param process the process that runs the activity; null if it does not belong to a process that can be
    ///     killed
    /// @param then receives at the end what the activity threw, or null; called on the scheduler's thread
    Activity(String name, Process process, Work work, Consumer<Throwable> then) {
        this.name = name;
        this.process = process;
        this.work = work;
        this.then = then;
    }

    /// @return the activity of the current thread, or null on the scheduler's thread
    static Activity current() {
        return CURRENT.get();
    }

    String name() {
        return name;
    }

    Process process() {
        return process;
    }

    /// Runs the activity until it pauses or ends.
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

    /// Returns control to the scheduler; returns when this activity is resumed.
    void pause() {
        scheduler.release();
        turn.acquireUninterruptibly();
    }

    /// @param close closes a resource when the activity ends, even if its code does not
    void opened(Runnable close) {
        leftOpen.add(close);
    }

    void checkAlive() {
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

    /// Counts the open transactions of this activity; other activities may wait for their locks.
    void inTransaction(int change) {
        transactions += change;
    }

    boolean isInTransaction() {
        return transactions > 0;
    }
}
