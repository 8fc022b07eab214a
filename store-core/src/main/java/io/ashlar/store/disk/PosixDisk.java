package io.ashlar.store.disk;

/** The disk without io_uring: a queue's operations run on its owner's thread when submitted. */
final class PosixDisk extends FileDisk {
  static final String ENGINE = "pread/pwrite";

  PosixDisk(DataFileHandle file, String reason) {
    super(file, reason);
  }

  @Override
  DiskQueue newQueue(DataFileHandle file, int capacity, Runnable onClose) {
    return new PosixDiskQueue(file, capacity, onClose);
  }

  @Override
  public boolean queuesOverlap() {
    return false;
  }

  @Override
  public String engine() {
    return ENGINE;
  }
}
