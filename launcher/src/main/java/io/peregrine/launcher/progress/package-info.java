/// Progress lines of a run and its summary.
package io.peregrine.launcher.progress;
