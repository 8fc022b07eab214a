package io.ashlar.store.read;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Checksum;
import io.ashlar.store.format.ChecksumTable;
import io.ashlar.store.index.BlobDamage;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.index.BlobLookup;
import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads a part of a stored blob. With a checksum table it reads the table and the 64 KiB pieces
 * that hold the part. Without one it reads the whole blob, because only the whole can be verified.
 *
 * <p>Thread: any.
 */
final class RangeRead {

  private final BlobLookup lookup;
  private final ExtentReads extents;

  RangeRead(BlobLookup lookup, ExtentReads extents) {
    this.lookup = lookup;
    this.extents = extents;
  }

  /**
   * Copies {@code count} bytes from {@code offset} on, which the blob has.
   *
   * @return false if the entry changed meanwhile: the target's content is then unspecified.
   * @throws CorruptionException if what was read of it is damaged.
   */
  boolean read(ReadContext context, BlobId id, long offset, long count, MemorySegment target) {
    BlobLocation location = context.location();
    return location.hasTable()
        ? readPieces(context, id, offset, count, target)
        : readAll(context, id, offset, count, target);
  }

  private boolean isUnchanged(ReadContext context, BlobId id) {
    return lookup.isUnchanged(id.high(), id.low(), context.location(), context.now()); // L21
  }

  private boolean readAll(
      ReadContext context, BlobId id, long offset, long count, MemorySegment target) {
    BlobLocation location = context.location();
    long length = location.lengthBytes();
    CRC32C crc = context.crc();
    NativeException failure = null;
    PooledBuffer buffer = extents.takeBufferFor(length);
    try {
      for (long at = 0; at < length && failure == null; at += buffer.capacity()) {
        long bytes = Math.min(buffer.capacity(), length - at);
        failure = extents.read(context, location, at, buffer.segment(), bytes);
        Checksum.update(crc, buffer.view(), 0, (int) bytes);
        copyOverlap(buffer, at, bytes, target, offset, count);
      }
    } finally {
      buffer.release();
    }
    return Judgement.passes(lookup, id, location, context.now(), failure, (int) crc.getValue());
  }

  private boolean readPieces(
      ReadContext context, BlobId id, long offset, long count, MemorySegment target) {
    BlobLocation location = context.location();
    long first = offset / ChecksumTable.CHUNK_BYTES;
    long from = first * ChecksumTable.CHUNK_BYTES;
    long end = Math.min(location.lengthBytes(), roundUpToChunk(offset + count));
    long tableBytes = Blocks.offset(ChecksumTable.blocks(location.lengthBytes()));
    PooledBuffer buffer = extents.takeBufferFor(Math.max(tableBytes, end - from));
    try {
      int[] expected = context.integers(ChecksumTable.chunks(end - from));
      if (!readTable(context, id, buffer, (int) first, expected)) {
        return false;
      }
      CorruptionException damage = null;
      for (long at = from; at < end && damage == null; at += wholeChunks(buffer)) {
        long bytes = Math.min(wholeChunks(buffer), end - at);
        NativeException failure = extents.read(context, location, at, buffer.segment(), bytes);
        damage =
            failure != null
                ? BlobDamage.of(id, location, -1, failure)
                : check(context, id, at, buffer, bytes, expected, from);
        copyOverlap(buffer, at, bytes, target, offset, count);
      }
      if (!isUnchanged(context, id)) {
        return false;
      }
      if (damage != null) {
        throw damage;
      }
      return true;
    } finally {
      buffer.release();
    }
  }

  /** Reads the table and takes the checksums from chunk {@code first} on out of it. */
  private boolean readTable(
      ReadContext context, BlobId id, PooledBuffer buffer, int first, int[] expected) {
    BlobLocation location = context.location();
    long length = location.lengthBytes();
    NativeException failure =
        extents.read(
            context,
            location,
            Blocks.roundUp(length),
            buffer.segment(),
            Blocks.offset(ChecksumTable.blocks(length)));
    if (!isUnchanged(context, id)) {
      return false;
    }
    long tableBlock = location.startBlock() + Blocks.count(length);
    if (failure != null) {
      throw BlobDamage.of(id, location, tableBlock, location.crc32c(), -1, failure);
    }
    int folded = ChecksumTable.folded(buffer.segment(), length);
    if (folded != location.crc32c()) {
      throw BlobDamage.of(id, location, tableBlock, location.crc32c(), folded & 0xffff_ffffL, null);
    }
    int last = Math.min(expected.length, ChecksumTable.chunks(length) - first);
    for (int i = 0; i < last; i++) {
      expected[i] = ChecksumTable.crc32c(buffer.segment(), first + i);
    }
    return true;
  }

  /**
   * Compares the checksums of whole chunks; {@code from} is where the first expected one begins.
   */
  private static @Nullable CorruptionException check(
      ReadContext context,
      BlobId id,
      long at,
      PooledBuffer buffer,
      long bytes,
      int[] expected,
      long from) {
    BlobLocation location = context.location();
    for (int done = 0; done < bytes; done += ChecksumTable.CHUNK_BYTES) {
      CRC32C crc = context.crc();
      Checksum.update(
          crc, buffer.view(), done, (int) Math.min(ChecksumTable.CHUNK_BYTES, bytes - done));
      int wanted = expected[(int) ((at + done - from) / ChecksumTable.CHUNK_BYTES)];
      if ((int) crc.getValue() != wanted) {
        long block = location.startBlock() + (at + done) / Blocks.BYTES;
        return BlobDamage.of(id, location, block, wanted, crc.getValue(), null);
      }
    }
    return null;
  }

  private static long wholeChunks(PooledBuffer buffer) {
    return Math.max(ChecksumTable.CHUNK_BYTES, buffer.capacity() & -ChecksumTable.CHUNK_BYTES);
  }

  private static long roundUpToChunk(long bytes) {
    return (bytes + ChecksumTable.CHUNK_BYTES - 1) & -ChecksumTable.CHUNK_BYTES;
  }

  /** Copies what a part of the blob, {@code bytes} from {@code at} on, has of the range. */
  private static void copyOverlap(
      PooledBuffer buffer, long at, long bytes, MemorySegment target, long offset, long count) {
    long from = Math.max(at, offset);
    long to = Math.min(at + bytes, offset + count);
    if (to > from) {
      MemorySegment.copy(buffer.segment(), from - at, target, from - offset, to - from);
    }
  }
}
