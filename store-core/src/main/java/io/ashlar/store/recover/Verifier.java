package io.ashlar.store.recover;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.VerifyReport;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.uring.NativeException;
import org.jspecify.annotations.Nullable;

/**
 * Re-reads every local blob against its checksum while commits go on: a blob that changed meanwhile
 * is looked at again, so only real damage is reported (rule L21).
 *
 * <p>Thread: one, the caller's.
 */
public final class Verifier implements AutoCloseable {

  private final BlobIndex index;
  private final BlobCheck check;
  private final VerifyListener listener;
  private final BlobLocation now = new BlobLocation();
  private long blobs;
  private long bytes;
  private long damaged;
  private long remote;
  private long blocks;

  /** Creates one for one pass. */
  public Verifier(BlobIndex index, Disk disk, VerifyListener listener) {
    this.index = index;
    this.listener = listener;
    check = new BlobCheck(disk);
  }

  /** Reads everything. */
  public void run() {
    index.forEach((idHigh, idLow, location) -> {
      switch (location.kind()) {
        case STORED -> verify(idHigh, idLow, location);
        case EVICTED -> remote++;
        default -> {}
      }
    });
  }

  private void verify(long idHigh, long idLow, BlobLocation seen) {
    BlobLocation location = new BlobLocation();
    location.setTo(seen);
    blocks += location.blocks();
    CorruptionException damage = damage(idHigh, idLow, location);
    while (damage != null) {
      if (!index.find(idHigh, idLow, now) || now.kind() != BlobLocation.Kind.STORED) {
        return; // deleted or evicted meanwhile
      }
      if (now.sameAs(location)) {
        damaged++;
        listener.onDamaged(damage);
        break;
      }
      location.setTo(now);
      damage = damage(idHigh, idLow, location);
    }
    blobs++;
    bytes += location.lengthBytes();
    listener.onProgress(blobs, bytes);
  }

  private @Nullable CorruptionException damage(long idHigh, long idLow, BlobLocation location) {
    Throwable cause = null;
    try {
      if (check.matches(
          location.startBlock(), location.lengthBytes(), location.crc32c(), location.hasTable())) {
        return null;
      }
    } catch (NativeException e) {
      cause = e;
    }
    return new CorruptionException(
        "blob is damaged: id="
            + BlobId.toText(idHigh, idLow)
            + ", block="
            + location.startBlock()
            + ", length="
            + location.lengthBytes()
            + (cause == null ? ", checksum mismatch" : ", " + cause.getMessage()),
        new BlobId(idHigh, idLow),
        location.startBlock(),
        location.crc32c() & 0xffff_ffffL,
        -1,
        cause);
  }

  /** Returns the blocks of all local blobs that were seen. */
  public long blocks() {
    return blocks;
  }

  /** Returns what was found, given how many blocks are not accounted for. */
  public VerifyReport report(long unaccountedBlocks) {
    return new VerifyReport(blobs, bytes, damaged, remote, unaccountedBlocks);
  }

  @Override
  public void close() {
    check.close();
  }
}
