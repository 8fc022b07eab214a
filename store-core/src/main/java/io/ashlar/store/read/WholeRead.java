package io.ashlar.store.read;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.index.BlobLookup;
import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads a whole blob, from its extent or from the tier, to one of several kinds of memory, and
 * judges what came (rule L21).
 *
 * <p>Thread: any. The caller has looked the blob up, to the context's location.
 */
final class WholeRead {

  private final BlobLookup lookup;
  private final ExtentReads extents;
  private final EvictedReads cold;

  WholeRead(BlobLookup lookup, ExtentReads extents, EvictedReads cold) {
    this.lookup = lookup;
    this.extents = extents;
    this.cold = cold;
  }

  /** Reads the whole blob and judges it; returns false if the entry changed meanwhile. */
  boolean read(BlobId id, ReadContext context, MemorySegment target) {
    BlobLocation location = context.location();
    long length = location.lengthBytes();
    if (location.kind() == BlobLocation.Kind.EVICTED) {
      return readBack(id, context, target.asSlice(0, length));
    }
    PooledBuffer buffer = extents.takeBufferToCopyFrom(target, length);
    if (buffer == null) {
      NativeException failure = extents.read(context, location, 0, target, length);
      return passes(id, context, failure, failure == null ? context.crc32c(target, length) : 0);
    }
    CRC32C crc = context.crc();
    NativeException failure = extents.readThrough(buffer, context, location, target, crc);
    return passes(id, context, failure, (int) crc.getValue());
  }

  /** Reads the whole blob into a buffer; returns false if the entry changed meanwhile. */
  boolean readIntoBuffer(BlobId id, ReadContext context, PooledBuffer buffer) {
    BlobLocation location = context.location();
    long length = location.lengthBytes();
    if (location.kind() == BlobLocation.Kind.EVICTED) {
      return readBack(id, context, buffer.segment().asSlice(0, length));
    }
    NativeException failure = extents.read(context, location, 0, buffer.segment(), length);
    return passes(
        id, context, failure, failure == null ? context.crc32c(buffer.view(), length) : 0);
  }

  /**
   * Reads the whole blob, in whole blocks, into native memory of the store; returns false if the
   * entry changed meanwhile.
   */
  boolean readIntoRoom(BlobId id, ReadContext context, MemorySegment room) {
    BlobLocation location = context.location();
    long length = location.lengthBytes();
    if (location.kind() == BlobLocation.Kind.EVICTED) {
      return readBack(id, context, room.asSlice(0, length));
    }
    NativeException failure = extents.read(context, location, 0, room, length);
    return passes(id, context, failure, failure == null ? context.crc32c(room, length) : 0);
  }

  /** Returns whether the entry that was found is still the current one. */
  boolean isUnchanged(BlobId id, ReadContext context) {
    return lookup.isUnchanged(id.high(), id.low(), context.location(), context.now()); // L21
  }

  private boolean passes(
      BlobId id, ReadContext context, @Nullable NativeException failure, int actual) {
    return Judgement.passes(lookup, id, context.location(), context.now(), failure, actual);
  }

  private boolean readBack(BlobId id, ReadContext context, MemorySegment target) {
    int actual;
    try {
      actual = cold.readBack(id, context.location(), target);
    } catch (CorruptionException e) {
      if (!isUnchanged(id, context)) {
        return false;
      }
      throw e;
    }
    return passes(id, context, null, actual);
  }
}
