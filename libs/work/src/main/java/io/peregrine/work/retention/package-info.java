/// Deletes what is no longer needed: old rows, and artifacts without a reference.
package io.peregrine.work.retention;
