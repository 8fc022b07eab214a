package io.ashlar.store.read;

import io.ashlar.store.BlobId;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads blobs that are near each other in the file with one read, from the first to the last. Rule
 * L21 holds for each: its entry is looked up before and after. A blob that has moved, or fails its
 * checksum, is read again by itself, and that read reports its damage.
 *
 * <p>Thread: any but a virtual one; made for one read. The caller has entered the store's gate.
 */
public final class RunRead {
  private final BlobReader reader;

  /** Reads by a snapshot's reader. */
  public RunRead(BlobReader reader) {
    this.reader = reader;
  }

  /** Implements {@link io.ashlar.store.spi.TierSnapshot#readRun}. */
  public void read(List<BlobChange> changes, MemorySegment buffer) {
    BlobChange last = changes.getLast();
    long start = changes.getFirst().startBlock();
    long bytes = Blocks.offset(last.startBlock() - start) + Blocks.roundUp(last.length());
    if (!ExtentReads.canReadInto(buffer, bytes)) {
      throw new IllegalArgumentException(
          "the buffer does not fit the run: bytes=" + bytes + ", buffer=" + buffer.byteSize());
    }
    BlobLocation[] before = new BlobLocation[changes.size()];
    for (int i = 0; i < before.length; i++) {
      before[i] = find(changes.get(i));
    }
    NativeException failure = reader.extents().readBlocks(start, buffer, bytes);
    for (int i = 0; i < before.length; i++) {
      BlobChange change = changes.get(i);
      MemorySegment own =
          buffer.asSlice(
              Blocks.offset(change.startBlock() - start), Blocks.roundUp(change.length()));
      boolean whole = failure == null && isStill(change, before[i]) && isIntact(change, own);
      if (!whole
          && !reader.getExactly(
              change.id(), change.sequence(), change.length(), change.crc32c(), own)) {
        throw new IllegalArgumentException("the snapshot holds no such change: " + change);
      }
    }
  }

  /** The entry of a change if the blob lies where the change says, or null. */
  private @Nullable BlobLocation find(BlobChange change) {
    BlobLocation location = new BlobLocation();
    boolean there =
        reader.lookup().find(change.id().high(), change.id().low(), location)
            && location.kind() == BlobLocation.Kind.STORED
            && location.version() == change.sequence()
            && location.lengthBytes() == change.length()
            && location.crc32c() == change.crc32c()
            && location.startBlock() == change.startBlock();
    return there ? location : null;
  }

  private boolean isStill(BlobChange change, @Nullable BlobLocation before) {
    BlobId id = change.id();
    return before != null
        && reader.lookup().isUnchanged(id.high(), id.low(), before, new BlobLocation()); // L21
  }

  private static boolean isIntact(BlobChange change, MemorySegment bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.asSlice(0, change.length()).asByteBuffer());
    return (int) crc.getValue() == change.crc32c();
  }
}
