/**
 * The life of what lies on object storage: which checkpoints are retained and pinned, which objects
 * nothing needs any more, and whether what is needed is whole.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Manifests, pins and listings enter; deletes leave, and the
 *       boundary and pins are written. Manifests are written by the upload package alone.
 *   <li><b>Who owns what.</b> Each class says so; a collection belongs to the tiering agent.
 *   <li><b>Who frees memory.</b> There is only the heap, but for a batch that is being read, which
 *       is freed before the next.
 *   <li><b>What is thrown.</b> {@link io.ashlar.store.StoreException}; whatever a listing or a read
 *       says but "absent" ends a collection before it deletes anything.
 *   <li><b>What is forbidden.</b> Clocks and ages in deciding what may be deleted; conditional
 *       deletes; deleting while scrubbing; deleting what a manifest, a pin, a held name or an
 *       evicted blob refers to.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.collect;

import org.jspecify.annotations.NullMarked;
