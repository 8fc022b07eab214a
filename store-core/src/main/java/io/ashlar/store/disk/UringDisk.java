package io.ashlar.store.disk;

import io.ashlar.store.spi.Log;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.Uring;
import io.ashlar.uring.UringSupport;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The disk on io_uring: each queue has a ring of its own. Once the kernel has refused one, this and
 * every later queue of this disk goes without, through pread and pwrite; queues that have their
 * ring keep it. The next disk tries again.
 */
final class UringDisk extends FileDisk {
  static final String ENGINE = "io_uring";

  private final IntFunction<Uring> rings;
  private volatile boolean hasRings; // these two: written by who opens a queue, read by any
  private volatile @Nullable String refusal;

  UringDisk(DataFileHandle file, String reason) {
    this(file, reason, Uring::open);
  }

  /** Creates one whose rings, given their entries, come from somewhere else. */
  UringDisk(DataFileHandle file, String reason, IntFunction<Uring> rings) {
    super(file, reason);
    this.rings = rings;
  }

  @Override
  DiskQueue newQueue(DataFileHandle file, int capacity, Runnable onClose) {
    if (refusal == null) {
      try {
        DiskQueue queue = new UringDiskQueue(file, capacity, onClose, rings);
        hasRings = true;
        return queue;
      } catch (NativeException e) {
        String reason = UringSupport.reasonOf(e);
        refusal = reason;
        Log.log(
            UringDisk.class,
            System.Logger.Level.INFO,
            "io_uring was refused; pread and pwrite replace it: "
                + reason
                + ", file="
                + file.path());
      }
    }
    return new PosixDiskQueue(file, capacity, onClose);
  }

  @Override
  public boolean queuesOverlap() {
    return refusal == null;
  }

  @Override
  public String engine() {
    return refusal == null || hasRings ? ENGINE : PosixDisk.ENGINE;
  }

  @Override
  public String engineReason() {
    String reason = refusal;
    if (reason == null) {
      return super.engineReason();
    }
    return hasRings
        ? super.engineReason() + "; refused for later operations: " + reason
        : "io_uring was refused: " + reason;
  }
}
