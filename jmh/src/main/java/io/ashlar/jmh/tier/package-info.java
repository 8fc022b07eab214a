/**
 * The scenario {@code tier}: uploading, restoring, and reading evicted blobs back.
 *
 * <p><b>What enters and leaves.</b> A plan enters, rows leave. <b>Threads.</b> The main thread and
 * those of the tier. <b>Memory.</b> {@code TierSample} owns the blobs until it is closed.
 * <b>Errors.</b> A blob that is missing ends the run. <b>Forbidden.</b> A network: objects lie in a
 * directory.
 */
@NullMarked
package io.ashlar.jmh.tier;

import org.jspecify.annotations.NullMarked;
