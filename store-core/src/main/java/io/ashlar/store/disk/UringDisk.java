package io.ashlar.store.disk;

import io.ashlar.uring.Uring;
import java.util.function.IntFunction;

/** The disk on io_uring: each queue has a ring of its own. */
final class UringDisk extends FileDisk {
  static final String ENGINE = "io_uring";

  private final IntFunction<Uring> rings;

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
    return new UringDiskQueue(file, capacity, onClose, rings);
  }

  @Override
  public boolean queuesOverlap() {
    return true;
  }

  @Override
  public String engine() {
    return ENGINE;
  }
}
