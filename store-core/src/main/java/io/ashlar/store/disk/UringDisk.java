package io.ashlar.store.disk;

/** The disk on io_uring: each queue has a ring of its own. */
final class UringDisk extends FileDisk {
  static final String ENGINE = "io_uring";

  UringDisk(DataFileHandle file, String reason) {
    super(file, reason);
  }

  @Override
  DiskQueue newQueue(DataFileHandle file, int capacity, Runnable onClose) {
    return new UringDiskQueue(file, capacity, onClose);
  }

  @Override
  public String engine() {
    return ENGINE;
  }
}
