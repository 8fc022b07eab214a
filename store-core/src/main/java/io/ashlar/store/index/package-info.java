/**
 * The index: 128-bit blob id to where the blob is, outside the Java heap.
 *
 * <p>An extendible hash directory (Fagin, Nievergelt, Pippenger and Strong, <i>Extendible hashing:
 * a fast access method for dynamic files</i>, TODS 1979) points at buckets of 8-byte slots; a slot
 * holds 32 bits of the hash and the number of a 40-byte entry. Entries lie densely in slabs, so the
 * unavoidable slack of a growing hash table costs 8 bytes an entry and not 40.
 *
 * <pre>
 *   directory ──► bucket (16 KiB) : slots {hash, entry number} ──► entries (40 B) ──► cold references (24 B)
 * </pre>
 *
 * <ul>
 *   <li><b>Enters and leaves:</b> ids as two longs, block numbers, lengths in bytes; entries leave
 *       as copies in a {@link io.ashlar.store.index.BlobLocation} that the caller owns.
 *   <li><b>Threads:</b> all changes by one thread at a time, the holder of the commit role; reads
 *       by any thread without a lock. A {@code BlobLocation} belongs to one thread.
 *   <li><b>Memory:</b> {@link io.ashlar.store.index.BlobIndex#close} frees it all; until then
 *       nothing is unmapped, only recycled.
 *   <li><b>Thrown:</b> {@link java.lang.IllegalStateException} after close and when the index is
 *       full; {@link io.ashlar.uring.NativeException} when memory cannot be had, the index then
 *       being as it was.
 *   <li><b>Forbidden:</b> locks, I/O, and any access to an entry outside its bucket's version
 *       check.
 * </ul>
 */
@NullMarked
package io.ashlar.store.index;

import org.jspecify.annotations.NullMarked;
