/**
 * The index: maps a 128-bit blob id to the blob's location, outside the Java heap.
 *
 * <p>An extendible hash directory (Fagin, Nievergelt, Pippenger and Strong, <i>Extendible hashing:
 * a fast access method for dynamic files</i>, TODS 1979) points at buckets of 8-byte slots. A slot
 * holds 32 bits of the hash and the number of a 40-byte entry. Entries are dense in slabs, so the
 * slack of a growing hash table costs 8 bytes per entry, not 40.
 *
 * <pre>
 *   directory ──► bucket (16 KiB) : slots {hash, entry number} ──► entries (40 B) ──► cold references (24 B)
 * </pre>
 *
 * <ul>
 *   <li><b>Enters and leaves:</b> ids as two longs, block numbers, lengths in bytes; entries leave
 *       as copies in a {@link io.ashlar.store.index.BlobLocation} that the caller owns.
 *   <li><b>Threads:</b> the holder of the commit role, one thread at a time, makes all changes. Any
 *       thread reads, without a lock. A {@code BlobLocation} belongs to one thread.
 *   <li><b>Memory:</b> {@link io.ashlar.store.index.BlobIndex#close} frees all of it. Until then
 *       memory is recycled but never unmapped.
 *   <li><b>Thrown:</b> {@link java.lang.IllegalStateException} after close and when the index is
 *       full; {@link io.ashlar.uring.NativeException} when memory cannot be allocated; the index is
 *       then unchanged.
 *   <li><b>Forbidden:</b> locks, I/O, and any access to an entry outside its bucket's version
 *       check.
 * </ul>
 */
@NullMarked
package io.ashlar.store.index;

import org.jspecify.annotations.NullMarked;
