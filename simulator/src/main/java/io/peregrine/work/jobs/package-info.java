/// Jobs in PostgreSQL: claimed by workers with a lease and a fence, and completed in one transaction with their
/// events.
package io.peregrine.work.jobs;
