/**
 * The tier: what became durable in a local store, packed into compressed batches on object storage,
 * and brought back from there. {@link io.ashlar.tier.Tier} puts it together; the parts are packages
 * of their own: {@code object} (storage), {@code key} (encryption), {@code batch} (the packed
 * form), {@code checkpoint} (what belongs together), {@code readback} (reading back), {@code
 * collect} (what is kept, and what may go), {@code prefix} (a writer's claim), {@code pack} (making
 * batches), {@code upload} (the agent), {@code restore} and {@code follow}. {@code laminar} stands
 * beside them: LaminarDB's own checkpoints.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Blobs enter through the store's service interface and leave
 *       as objects; restoring goes the other way.
 *   <li><b>Who owns what.</b> Each class says so; nothing here is owned by the store's threads.
 *   <li><b>Who frees memory.</b> Whoever opened an arena, a content or a store closes it.
 *   <li><b>What is thrown.</b> {@link io.ashlar.store.StoreException}, one kind for each thing that
 *       a caller can do; by the packages below, their own.
 *   <li><b>What is forbidden.</b> Reaching into the store beyond its API and service interface;
 *       native calls; deserialising Java objects.
 * </ol>
 *
 * <h2 id="callbacks">What a callback may call</h2>
 *
 * <p>This goes on from the table of the package {@code io.ashlar.store}, which says what a
 * listener, and what another callback of a store, may call of the store. A tier adds two kinds:
 *
 * <ul>
 *   <li>A <i>callback of its work</i> runs on the tier's thread. Those are: a {@link
 *       io.ashlar.tier.TierProgress}, a {@link io.ashlar.tier.LossListener}, and the predicate of
 *       an eviction. It is another callback of the store.
 *   <li>A <i>request</i> is whatever the tier calls of its {@link
 *       io.ashlar.tier.object.ObjectStore}, of contents and uploads of that, of its {@link
 *       io.ashlar.tier.key.FrameKeys}, and of a provider of credentials. It may run on any thread,
 *       for which others wait. It is a listener of the store.
 * </ul>
 *
 * <p>A call that would wait for its own caller throws {@link java.lang.IllegalStateException} at
 * once, and changes nothing. It can be made on another thread, which the callback does not wait
 * for. Callbacks may be nested, and may use other stores and tiers.
 *
 * <table>
 *   <caption>Calls within callbacks of a store and its tier</caption>
 *   <tr><th>call</th><th>in a request</th><th>in a callback of its work</th>
 *       <th>in a listener of the store</th><th>in another callback of the store</th></tr>
 *   <tr><td>reads of evicted blobs, of the store and its snapshots</td>
 *       <td>refused; {@code getAsync} is served</td><td>served</td>
 *       <td>served; in a logger as in a request</td><td>served</td></tr>
 *   <tr><td>all else of the store, but for its {@code close}</td><td>as in a listener</td>
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
 * <p>A restore, a scrub, a checkpointer and a recovery have no threads that others wait for. What
 * they call back may call anything. Closing the store there fails the restore into it.
 *
 * <p>Nothing can be refused where the callback itself waits for another thread that waits for the
 * tier, or where callbacks of two tiers wait for each other.
 *
 * <p>{@link java.lang.System#exit} in a callback ends the process, also when a shutdown hook closes
 * tier and store: see {@link io.ashlar.tier.Tier#close}.
 */
@NullMarked
package io.ashlar.tier;

import org.jspecify.annotations.NullMarked;
