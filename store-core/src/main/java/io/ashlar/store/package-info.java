/**
 * The public API of the store: what a user of Ashlar imports.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Blobs enter through an {@link io.ashlar.store.Epoch} and
 *       leave through {@link io.ashlar.store.BlobReads}. A {@link io.ashlar.store.BlobStore} shows
 *       its current blobs, a {@link io.ashlar.store.Snapshot} those after one epoch.
 *   <li><b>Threads.</b> A {@link io.ashlar.store.BlobStore} and its snapshots are safe from any
 *       thread; an epoch and a lease belong to one.
 *   <li><b>Memory.</b> The caller owns the memory that it passes in. The store owns the memory that
 *       it lends (a claim, a lease) and takes it back at commit or close. {@link
 *       io.ashlar.store.StoreStats} counts the open handles. The error of a pool that runs dry
 *       names them, and close logs them. {@code -Dashlar.handles.trace=true} records where each was
 *       taken. With {@code -Dashlar.checks=true} use of a handle after its end, or by another
 *       thread, throws.
 *   <li><b>Errors.</b> {@link io.ashlar.store.StoreException}, sealed: one subclass for each remedy
 *       that a caller has.
 *   <li><b>Forbidden here.</b> Implementation, and imports of any other package of the project
 *       except {@code settings}.
 * </ul>
 *
 * <h2 id="callbacks">What a callback may call</h2>
 *
 * <p>A <i>listener</i> runs on a thread of the store, and other callers wait for that thread. A
 * listener must not block. These are listeners:
 *
 * <ul>
 *   <li>an {@link io.ashlar.store.AckListener} and a {@link io.ashlar.store.ReadListener};
 *   <li>a dependent stage, without an executor of its own, of a future of the store;
 *   <li>a logger that the store writes to.
 * </ul>
 *
 * <p>Every <i>other callback</i> runs on the thread of the call that received it. Those are: a
 * {@link io.ashlar.store.BlobVisitor}, a {@link io.ashlar.store.BatchVisitor}, a {@link
 * io.ashlar.store.VerifyListener}, a {@link io.ashlar.store.VacuumListener}, the list of ids of
 * {@code getAll}, and the channels of {@code get} and {@code put}.
 *
 * <p>A call that would wait for its own caller throws {@link java.lang.IllegalStateException} at
 * once, and changes nothing. Make it on another thread, and do not wait for that thread in the
 * callback. Callbacks may be nested, and may use other stores.
 *
 * <table>
 *   <caption>Calls of a store within its own callbacks</caption>
 *   <tr><th>call</th><th>in a listener</th><th>in another callback</th></tr>
 *   <tr><td>{@code get}, {@code getAsync}, {@code contains}, {@code length}, {@code forEach},
 *       {@code stats}, {@code durableEpoch}; reads of an open snapshot</td>
 *       <td>served; if no buffer is free, {@link io.ashlar.store.BackPressureTimeoutException} at
 *        once</td>
 *       <td>served</td></tr>
 *   <tr><td>{@code beginEpoch}, {@code put}, {@code claim}, {@code delete}, {@code tryCommit},
 *       {@code commit(AckListener)}, {@code commitAsync}, {@code Epoch.close}</td>
 *       <td>served; if no buffer or queue slot is free, {@code BackPressureTimeoutException} at
 *        once; refused if the epoch must write ahead, or has done so</td>
 *       <td>served; a channel that a put reads may not use the epoch of that put</td></tr>
 *   <tr><td>{@code Epoch.commit()}, {@code awaitDurable}, waiting for a future of the store</td>
 *       <td>refused, unless the epoch is already durable or the future done</td>
 *       <td>served</td></tr>
 *   <tr><td>{@code getAll}, {@code snapshot}, {@code Snapshot.close}, {@code verify}</td>
 *       <td>refused</td><td>served</td></tr>
 *   <tr><td>{@code vacuum}</td><td>refused</td>
 *       <td>served; refused in a {@code VacuumListener}, because only one vacuum runs at a
 *        time</td></tr>
 *   <tr><td>{@code close} of the store</td><td>refused</td><td>refused</td></tr>
 * </table>
 *
 * <p>The store cannot detect two deadlocks. In one, a callback waits for another thread that waits
 * for the store. In the other, listeners of two stores wait for each other.
 *
 * <p>{@link java.lang.System#exit} in a callback ends the process, even when a shutdown hook closes
 * the store: see {@link io.ashlar.store.BlobStore#close}.
 */
@NullMarked
package io.ashlar.store;

import org.jspecify.annotations.NullMarked;
