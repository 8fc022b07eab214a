package io.ashlar.store.read;

import io.ashlar.store.BlobId;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.format.Checksum;
import io.ashlar.store.index.BlobDamage;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.index.BlobLookup;
import io.ashlar.uring.NativeException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.zip.CRC32C;

/** Copies long blobs to a channel, part by part, in bounded memory. Thread: any. */
final class ChannelCopy {

  private final BlobLookup lookup;
  private final ExtentReads extents;

  ChannelCopy(BlobLookup lookup, ExtentReads extents) {
    this.lookup = lookup;
    this.extents = extents;
  }

  /**
   * Copies a blob that is stored at {@code location}, which follows it when it is moved.
   *
   * @return its length, or −1 if it changed before the first part was written.
   * @throws IOException if the channel failed, or the blob was replaced after the first part.
   */
  long copy(ReadContext context, BlobId id, BlobLocation location, WritableByteChannel target)
      throws IOException {
    PooledBuffer buffer = extents.takeBuffer(extents.pool().largestBytes());
    try {
      CRC32C crc = new CRC32C();
      for (long offset = 0; offset < location.lengthBytes(); offset += buffer.capacity()) {
        long bytes = Math.min(buffer.capacity(), location.lengthBytes() - offset);
        NativeException failure = extents.read(context, location, offset, buffer.segment(), bytes);
        while (!isUnchanged(id, location)) {
          if (offset == 0) {
            return -1;
          }
          if (!follow(id, location)) {
            throw new IOException(
                "the blob was replaced while it was copied: read it again: id=" + id);
          }
          failure = extents.read(context, location, offset, buffer.segment(), bytes);
        }
        if (failure != null) {
          throw BlobDamage.of(id, location, -1, failure);
        }
        Checksum.update(crc, buffer.view(), 0, (int) bytes);
        writeFully(target, buffer.segment().asSlice(0, bytes));
      }
      if ((int) crc.getValue() != location.crc32c()) {
        throw BlobDamage.of(id, location, crc.getValue(), null);
      }
      return location.lengthBytes();
    } finally {
      buffer.release();
    }
  }

  private boolean isUnchanged(BlobId id, BlobLocation location) {
    return lookup.isUnchanged(id.high(), id.low(), location, new BlobLocation()); // L21
  }

  /** Continues at the new place of a moved blob; returns false if it is not the same blob. */
  private boolean follow(BlobId id, BlobLocation location) {
    BlobLocation now = new BlobLocation();
    boolean same =
        lookup.find(id.high(), id.low(), now)
            && now.kind() == BlobLocation.Kind.STORED
            && now.version() == location.version()
            && now.lengthBytes() == location.lengthBytes()
            && now.crc32c() == location.crc32c();
    if (same) {
      location.setTo(now);
    }
    return same;
  }

  /** Writes all bytes. */
  static void writeFully(WritableByteChannel target, MemorySegment bytes) throws IOException {
    ByteBuffer buffer = bytes.asByteBuffer();
    while (buffer.hasRemaining()) {
      var _ = target.write(buffer);
    }
  }
}
