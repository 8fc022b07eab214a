/**
 * The public API of the store: what a user of Ashlar imports.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Blobs enter through an {@link io.ashlar.store.Epoch} and
 *       leave through {@link io.ashlar.store.BlobStore#get}, or through a {@link
 *       io.ashlar.store.Snapshot} as they were after one epoch.
 *   <li><b>Threads.</b> A {@link io.ashlar.store.BlobStore} and its snapshots are safe from any
 *       thread; an epoch and a lease belong to one.
 *   <li><b>Memory.</b> The caller owns what it passes in; the store owns what it lends (a claim, a
 *       lease) and takes it back at commit or close.
 *   <li><b>Errors.</b> {@link io.ashlar.store.StoreException}, sealed: one subclass for each thing
 *       that a caller can do.
 *   <li><b>Forbidden here.</b> Implementation, and imports of any other package of the project.
 * </ul>
 */
@NullMarked
package io.ashlar.store;

import org.jspecify.annotations.NullMarked;
