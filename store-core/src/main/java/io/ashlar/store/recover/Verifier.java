package io.ashlar.store.recover;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.VerifyOptions;
import io.ashlar.store.VerifyReport;
import io.ashlar.store.background.PacedWork;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.index.BlobDamage;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.index.BucketWalk;
import io.ashlar.uring.NativeException;
import org.jspecify.annotations.Nullable;

/**
 * Re-reads every local blob and verifies its checksum while commits continue. A blob that changed
 * meanwhile is checked again, so only real damage is reported (rule L21).
 *
 * <p>It visits the index bucket by bucket, in the order of a hash that never changes in the life of
 * the store. It can therefore stop after any bucket and resume there.
 *
 * <p>Thread: one, the caller's.
 */
public final class Verifier implements AutoCloseable {

  private final BlobIndex index;
  private final BlobCheck check;
  private final VerifyOptions options;
  private final VerifyListener listener;
  private final PacedWork pace;
  private final BucketWalk walk = new BucketWalk();
  private final BlobLocation now = new BlobLocation();
  private long blobs;
  private long bytes;
  private long damaged;
  private long remote;
  private long blocks;
  private long cursor;

  /**
   * Creates one for one pass.
   *
   * @param pace how fast it may go, and until when.
   */
  public Verifier(
      BlobIndex index, Disk disk, VerifyOptions options, VerifyListener listener, PacedWork pace) {
    this.index = index;
    this.options = options;
    this.listener = listener;
    this.pace = pace;
    cursor = options.cursor();
    check = new BlobCheck(disk, pace);
  }

  /** Verifies the blobs that the options select. */
  public void run() {
    while (cursor >= 0 && bytes < options.bytesMax() && !pace.isOver()) {
      cursor = walk.visit(index, cursor, this::visit);
    }
  }

  private void visit(long idHigh, long idLow, BlobLocation location) {
    switch (location.kind()) {
      case STORED -> verify(idHigh, idLow, location);
      case EVICTED -> remote++;
      default -> {}
    }
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
    NativeException cause = null;
    try {
      if (check.matches(
          location.startBlock(), location.lengthBytes(), location.crc32c(), location.hasTable())) {
        return null;
      }
    } catch (NativeException e) {
      cause = e;
    }
    long actual = cause == null ? check.actual() & 0xffff_ffffL : -1;
    return BlobDamage.of(new BlobId(idHigh, idLow), location, actual, cause);
  }

  /** Returns whether it has visited the whole index. */
  public boolean sawAll() {
    return cursor < 0 && options.cursor() == 0;
  }

  /** Returns the blocks of all local blobs that were seen. */
  public long blocks() {
    return blocks;
  }

  /** Returns what was found, given how many blocks are not accounted for. */
  public VerifyReport report(long unaccountedBlocks) {
    return new VerifyReport(blobs, bytes, damaged, remote, unaccountedBlocks, cursor);
  }

  @Override
  public void close() {
    check.close();
  }
}
