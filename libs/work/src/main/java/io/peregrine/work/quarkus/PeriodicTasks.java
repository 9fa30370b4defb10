package io.peregrine.work.quarkus;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jboss.logging.Logger;

/// Repeats tasks on one daemon thread of its own.
///
/// A plain [ScheduledExecutorService] cancels a task silently after its first exception. Here the exception is
/// logged and the task runs again at its next turn. A [VirtualMachineError] halts the process: after one, no
/// thread of the process is reliable.
public final class PeriodicTasks implements AutoCloseable {
    /// A task; it may throw any exception.
    @FunctionalInterface
    public interface Task {
        void run() throws Exception;
    }

    private static final Logger LOG = Logger.getLogger(PeriodicTasks.class);

    private final ScheduledExecutorService executor;

    /// @param name of the thread
    public PeriodicTasks(String name) {
        executor = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name(name).factory());
    }

    /// Repeats a task until [#close].
    ///
    /// @param name of the task, for the log
    /// @param delay before the first turn
    /// @param pause between the end of a turn and the next
    /// @return this
    public PeriodicTasks repeat(String name, Duration delay, Duration pause, Task task) {
        AtomicLong failures = new AtomicLong();
        executor.scheduleWithFixedDelay(
                () -> turn(name, task, failures), delay.toMillis(), pause.toMillis(), TimeUnit.MILLISECONDS);
        return this;
    }

    private void turn(String name, Task task, AtomicLong failures) {
        try {
            task.run();
            long failed = failures.getAndSet(0);
            if (failed > 0) {
                LOG.infof("Periodic task succeeded again task=%s failures=%d", name, failed);
            }
        } catch (VirtualMachineError fatal) {
            ProcessEnd.after(fatal, "periodic task " + name);
        } catch (Throwable error) {
            if (executor.isShutdown()) {
                // #close interrupts the task; what it throws then is not a failure.
                LOG.debugf("Periodic task ended by the shutdown task=%s: %s", name, error);
                return;
            }
            // Only the first failure of a series is logged with its stack trace: an outage of an hour would
            // otherwise fill the log.
            if (failures.getAndIncrement() == 0) {
                LOG.warnf(error, "Periodic task failed, retrying at its next turn task=%s", name);
            } else {
                LOG.debugf("Periodic task failed again task=%s: %s", name, error);
            }
        }
    }

    /// @return whether tasks are still repeated
    public boolean isAlive() {
        return !executor.isShutdown();
    }

    /// Ends all tasks. A running task is interrupted, and the exception that it throws then is not reported.
    @Override
    public void close() {
        executor.shutdownNow();
    }
}
