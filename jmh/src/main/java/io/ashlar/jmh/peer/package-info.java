/**
 * The stores that are measured, Ashlar and its peers alike, each behind {@link
 * io.ashlar.jmh.peer.PeerStore}.
 *
 * <p><b>What enters and leaves.</b> Batches of values enter; a store says in words what durability
 * it gave. <b>Threads.</b> A store may be used by all, a writer and a batch by one thread at a
 * time. <b>Memory.</b> Batches and stores own native memory until closed. <b>Errors.</b> {@link
 * io.ashlar.jmh.peer.PeerFailedException} with the peer's own as its cause. <b>Forbidden.</b> A
 * setting that makes a peer slower than its own users would have it, or less durable than the note
 * says.
 */
@NullMarked
package io.ashlar.jmh.peer;

import org.jspecify.annotations.NullMarked;
