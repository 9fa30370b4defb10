package io.peregrine.work.jobs;

/// Handles the jobs of one kind. The service's worker discovers beans of this type.
///
/// The exception that [#work] throws decides what happens:
///
/// - A [io.peregrine.events.FailureException] of kind INPUT fails the run with its code.
/// - One of kind RESOURCE is retried until it succeeds.
/// - Any other exception counts as a failure. The third one without durable progress in between fails the run.
///
/// If the process dies during a job there is no exception. Such crashes are counted separately; the limit is six.
public interface JobHandler {
    /// @return the kind of job, such as `neighbours`
    String kind();

    /// @return name of the place where a preempted job ([JobContext#yielded]) left its files, the same after
    ///     every start: only workers at that place claim it again. Empty if it needs no files
    default String home() {
        return "";
    }

    /// Does the job and ends with [JobContext#complete].
    void work(JobContext job) throws Exception;
}
