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
 * of blocks. It holds {@linkplain io.ashlar.store.format.LogRecordFormat log records} one after
 * another. The blobs of a record's group follow it directly when they fit. A blob's extent is a
 * contiguous run anywhere, zero-padded to whole blocks. A {@linkplain
 * io.ashlar.store.format.ChecksumTable checksum table} follows a long blob. The record that put the
 * blob names its extent. All numbers are little-endian. Every structure has magic, version, the
 * store's id and a CRC-32C. Reserved bytes are zero and checked.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Plain values and native memory; no I/O.
 *   <li><b>Threads.</b> Stateless, except for one checksum object per thread.
 *   <li><b>Memory.</b> The caller owns every segment.
 *   <li><b>Errors.</b> {@link io.ashlar.store.FormatVersionException} for a whole structure of an
 *       unknown version. A structure that is not whole is reported as not valid.
 *   <li><b>Forbidden here.</b> Adding integers to addresses outside the {@code …Format} classes,
 *       which own all offsets.
 * </ul>
 */
@NullMarked
package io.ashlar.store.format;

import org.jspecify.annotations.NullMarked;
