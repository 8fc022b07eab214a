package io.ashlar.store.disk;

import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeFile;
import io.ashlar.uring.UringSupport;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Opens disks: on io_uring where it can be used, with pread and pwrite where not. Thread: any.
 *
 * <p>Which of both it is, and why, is logged once per JVM: to be seen when it is not io_uring, as
 * that costs speed; else for debugging, so that a program's output stays its own.
 */
public final class Disks {
  private static final System.Logger LOGGER = System.getLogger(Disks.class.getName());
  private static final AtomicBoolean LOGGED = new AtomicBoolean();

  private Disks() {}

  /**
   * Opens the file at a path as a disk, without locking it.
   *
   * @param allowBuffered as in {@link DataFileHandle#open}.
   * @throws NativeException as {@link DataFileHandle#open}.
   */
  public static Disk open(Path path, NativeFile.Mode mode, boolean allowBuffered) {
    return over(DataFileHandle.open(path, mode, allowBuffered), true);
  }

  /**
   * Makes a disk of an open file, typically once the file is locked. Closing the disk closes the
   * file.
   *
   * @param allowUring false to use pread and pwrite even where io_uring is available.
   */
  public static Disk over(DataFileHandle file, boolean allowUring) {
    if (!allowUring) {
      return new PosixDisk(file, "pread and pwrite were asked for");
    }
    UringSupport support = UringSupport.probe();
    if (LOGGED.compareAndSet(false, true)) {
      LOGGER.log(
          support.available() ? System.Logger.Level.DEBUG : System.Logger.Level.INFO,
          "disk engine: {0} ({1})",
          support.available() ? UringDisk.ENGINE : PosixDisk.ENGINE,
          support.toString());
    }
    return support.available()
        ? new UringDisk(file, support.toString())
        : new PosixDisk(file, support.toString());
  }
}
