/**
 * The tier: packs what became durable in a local store into compressed batches on object storage,
 * and brings it back from there. Begin with {@link io.ashlar.tier.Tier}; this package has its
 * settings and reports.
 *
 * <table>
 *   <caption>Packages below this one</caption>
 *   <tr><th>package</th><th>content</th></tr>
 *   <tr><td>{@code object}</td><td>object storage: the contract, S3, a directory</td></tr>
 *   <tr><td>{@code key}</td><td>the keys of encrypted batches</td></tr>
 *   <tr><td>{@code batch}</td><td>the format of a batch</td></tr>
 *   <tr><td>{@code checkpoint}</td><td>manifests: which batches make a state</td></tr>
 *   <tr><td>{@code readback}</td><td>reading batches and evicted blobs back</td></tr>
 *   <tr><td>{@code collect}</td><td>what is retained, and what may be deleted</td></tr>
 *   <tr><td>{@code prefix}</td><td>a writer's claim on a prefix</td></tr>
 *   <tr><td>{@code pack}</td><td>packing blobs into batches</td></tr>
 *   <tr><td>{@code upload}</td><td>the agent: passes, eviction, collection, repair</td></tr>
 *   <tr><td>{@code restore}, {@code follow}</td><td>filling a store from a tier; reading a tier
 *       without a store</td></tr>
 *   <tr><td>{@code laminar}</td><td>LaminarDB's own checkpoints, independent of the rest</td></tr>
 * </table>
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Blobs enter through the store's service interface and leave
 *       as objects. A restore goes the other way.
 *   <li><b>Which thread owns what.</b> Settings and reports are immutable. A tier has one thread of
 *       its own, which owns all mutable state; the store's threads own nothing here.
 *   <li><b>Who frees memory.</b> Each arena, content and store is closed by its opener. An open
 *       tier closes its object store.
 *   <li><b>What is thrown.</b> {@link io.ashlar.store.StoreException}, one kind for each thing that
 *       a caller can do; {@link java.lang.IllegalArgumentException} for a setting out of its range.
 *   <li><b>What is forbidden.</b> Using the store other than by its API and service interface;
 *       native calls; deserialising Java objects.
 * </ol>
 *
 * <h2 id="callbacks">What a callback may call</h2>
 *
 * <p>This extends the table of the package {@code io.ashlar.store}, which says what a listener, and
 * what another callback of a store, may call of the store. A tier adds two kinds:
 *
 * <ul>
 *   <li>A <i>callback of its work</i> runs on the tier's thread: a {@link
 *       io.ashlar.tier.TierProgress}, a {@link io.ashlar.tier.LossListener}, or the predicate of an
 *       eviction. For the store it is "another callback".
 *   <li>A <i>request</i> is any call by the tier of its {@link io.ashlar.tier.object.ObjectStore}
 *       (with its contents and uploads), its {@link io.ashlar.tier.key.FrameKeys} or a provider of
 *       credentials. It may run on any thread, and other threads may wait for it. For the store it
 *       is a listener.
 * </ul>
 *
 * <p>A call that would wait for its own caller throws {@link java.lang.IllegalStateException} at
 * once, and changes nothing. Make it on another thread, and do not wait for that thread in the
 * callback. Callbacks may be nested, and may use other stores and tiers.
 *
 * <table>
 *   <caption>Calls within callbacks of a store and its tier</caption>
 *   <tr><th>call</th><th>in a request</th><th>in a callback of its work</th>
 *       <th>in a listener of the store</th><th>in another callback of the store</th></tr>
 *   <tr><td>reads of evicted blobs, of the store and its snapshots</td>
 *       <td>refused; {@code getAsync} is served</td><td>served</td>
 *       <td>served; in a logger as in a request</td><td>served</td></tr>
 *   <tr><td>every other call of the store except {@code close}</td><td>as in a listener</td>
 *       <td>served</td><td colspan="2">see there</td></tr>
 *   <tr><td>{@code tieredEpoch}, {@code tieredSequence}, {@code stats}</td>
 *       <td colspan="4">served</td></tr>
 *   <tr><td>{@code checkpoint}, {@code evict}, {@code evictOldest}, {@code collect}, {@code
 *       repair}, {@code awaitTiered}</td>
 *       <td>refused</td><td>refused</td><td>refused</td><td>served</td></tr>
 *   <tr><td>{@code open} and {@code repair} of a {@code Tier.Builder}</td>
 *       <td>refused</td><td>refused, as a store has one tier at a time</td><td>refused</td>
 *       <td>served, if the store has none</td></tr>
 *   <tr><td>{@code close} of the tier or the store</td><td colspan="4">refused</td></tr>
 * </table>
 *
 * <p>A {@link io.ashlar.tier.follow.FollowerStore} refuses in a request what waits for one: its
 * reads of blobs ({@code getAsync} is served), waiting for its futures, and {@code refresh}. It
 * refuses its own {@code close} in every callback. Everything else is served.
 *
 * <p>A restore, a scrub, a checkpointer and a recovery have no threads that others wait for. Their
 * callbacks may call anything. A callback that closes the store fails the restore into it.
 *
 * <p>Two deadlocks are not detected. One is a callback that waits for another thread which waits
 * for the tier. The other is callbacks of two tiers that wait for each other.
 *
 * <p>{@link java.lang.System#exit} in a callback ends the process, also when a shutdown hook closes
 * tier and store: see {@link io.ashlar.tier.Tier#close}.
 */
@NullMarked
package io.ashlar.tier;

import org.jspecify.annotations.NullMarked;
