/**
 * The scenarios that commit: one thread ({@code commit}), many threads ({@code group}), large
 * batches ({@code ingest}), at a fixed rate ({@code tail}), and beside spinning processes ({@code
 * busy}).
 *
 * <p><b>What enters and leaves.</b> A plan enters, rows leave. <b>Threads.</b> {@link
 * io.ashlar.jmh.commit.SliceThreads} owns the committing threads; each has a writer and a batch of
 * its own. {@link io.ashlar.jmh.commit.BesideWork} owns the threads that do something else beside
 * them. The main thread owns everything else. <b>Memory.</b> Batches are made once and reused, so
 * that what is allocated during a slice is the store's. Each class closes what it opened.
 * <b>Errors.</b> {@link io.ashlar.jmh.peer.PeerFailedException} ends the run. <b>Forbidden.</b> To
 * compare stores that were not measured in turns.
 */
@NullMarked
package io.ashlar.jmh.commit;

import org.jspecify.annotations.NullMarked;
