package io.ashlar.store.disk;

import io.ashlar.store.spi.Log;
import io.ashlar.uring.UringSupport;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Opens disks: on io_uring where it can be used, with pread and pwrite where not. Thread: any.
 *
 * <p>The chosen engine and the reason are logged once per JVM. The level is visible if it is not
 * io_uring, because that costs speed. Else it is a debug level, so that a program's output stays
 * its own.
 */
public final class Disks {
  private static final AtomicBoolean LOGGED = new AtomicBoolean();

  private Disks() {}

  /**
   * Makes a disk of an open file, typically once the file is locked. Closing the disk closes the
   * file.
   *
   * @param allowUring false to use pread and pwrite even where io_uring is available.
   */
  public static Disk over(DataFileHandle file, boolean allowUring) {
    if (!allowUring) {
      return new PosixDisk(file, "pread and pwrite were requested");
    }
    UringSupport support = UringSupport.probe();
    if (LOGGED.compareAndSet(false, true)) {
      String engine = support.available() ? UringDisk.ENGINE : PosixDisk.ENGINE;
      Log.log(
          Disks.class,
          support.available() ? System.Logger.Level.DEBUG : System.Logger.Level.INFO,
          "disk engine: " + engine + " (" + support + ")");
    }
    return support.available()
        ? new UringDisk(file, support.toString())
        : new PosixDisk(file, support.toString());
  }
}
