package io.peregrine.work;

/// Does the jobs of one kind. Beans of this type are found by the service's worker.
///
/// What [#work] throws decides: a [io.peregrine.events.Failure] of kind INPUT fails the run by name, one of kind
/// RESOURCE is tried again for as long as it takes, the third exception of any other kind without durable
/// progress in between fails the run. A process that dies in a job says nothing, and is counted by itself: six
/// times.
public interface JobHandler {
    /// @return the kind of job, such as `neighbours`
    String kind();

    /// @return names the place of the files that a job needs which gave way ([JobContext#yielded]), the same
    ///     after every start: only workers there take it up again. Empty, if it needs none
    default String home() {
        return "";
    }

    /// Does the job, ending with [JobContext#complete].
    void work(JobContext job) throws Exception;
}
