/**
 * The objects of a tier over time: retained and pinned checkpoints, objects that are not needed any
 * more, and damage of those that are.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Manifests, pins and listings enter; deletes leave, and the
 *       boundary and pins are written. Manifests are written by the upload package alone.
 *   <li><b>Which thread owns what.</b> Each class says so; a collection belongs to the tiering
 *       agent.
 *   <li><b>Who frees memory.</b> A batch that is read is freed before the next. Tables of objects
 *       are closed by their opener. Everything else is on the heap.
 *   <li><b>What is thrown.</b> {@link io.ashlar.store.StoreException}. Any answer to a listing or a
 *       read but "absent" ends a collection before it deletes anything.
 *   <li><b>What is forbidden.</b> Clocks and ages in deciding what may be deleted; conditional
 *       deletes; deleting while scrubbing; deleting what a manifest, a pin, a held name or an
 *       evicted blob refers to.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.collect;

import org.jspecify.annotations.NullMarked;
