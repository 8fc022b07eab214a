package io.ashlar.store.disk;

import io.ashlar.uring.FaultyCalls;
import io.ashlar.uring.NativeFile;
import java.nio.file.Path;

/** The real disks over system calls that fail. */
public final class FaultyDisks {

  private FaultyDisks() {}

  /** Opens a file whose calls these are. */
  public static DataFileHandle openFile(
      Path path, NativeFile.Mode mode, FaultyCalls calls, boolean allowBuffered) {
    return DataFileHandle.open(path, mode, allowBuffered, calls::open);
  }

  /**
   * Opens a file, whose lock is not taken.
   *
   * @param uring whether queues are rings, as {@link UringDisk}'s; else as {@link PosixDisk}'s.
   */
  public static Disk open(Path path, NativeFile.Mode mode, FaultyCalls calls, boolean uring) {
    DataFileHandle file = DataFileHandle.open(path, mode, true, calls::open);
    return uring
        ? new UringDisk(file, "chosen by a test", calls::openRing)
        : new PosixDisk(file, "chosen by a test");
  }
}
