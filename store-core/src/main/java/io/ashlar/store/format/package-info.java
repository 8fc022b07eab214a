/**
 * The on-disk specification: every byte of the data file {@code ashlar.data}.
 *
 * <pre>
 *   block 0    superblock, copy 0     {@link io.ashlar.store.format.SuperblockFormat}
 *   block 1    superblock, copy 1
 *   block 2 …  log extents, blob extents, index checkpoints and free space, anywhere
 * </pre>
 *
 * <p>A block is 4 KiB and the unit of space. A <i>log extent</i> is a contiguous, pre-written run
 * of blocks that holds {@linkplain io.ashlar.store.format.LogRecordFormat log records} one after
 * another, each with its group's blobs directly behind it when they fit. A blob's extent is a
 * contiguous run anywhere, zero-padded to whole blocks, with a {@linkplain
 * io.ashlar.store.format.ChecksumTable checksum table} behind a long one; the record that put it
 * names it. All numbers are little-endian; every structure has magic, version, the store's id and a
 * CRC-32C; bytes that are reserved are zero and checked.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Plain values and native memory; no I/O.
 *   <li><b>Threads.</b> Stateless, but for a checksum per thread.
 *   <li><b>Memory.</b> The caller owns every segment.
 *   <li><b>Errors.</b> {@link io.ashlar.store.FormatVersionException} for what is whole but
 *       unknown; what is not whole is reported as not valid.
 *   <li><b>Forbidden here.</b> Adding integers to addresses anywhere else: offsets belong to the
 *       {@code …Format} classes.
 * </ul>
 */
@NullMarked
package io.ashlar.store.format;

import org.jspecify.annotations.NullMarked;
