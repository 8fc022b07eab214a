package io.ashlar.store.disk;

import io.ashlar.store.spi.Log;
import io.ashlar.uring.UringSupport;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Opens disks: on io_uring where it can be used, with pread and pwrite where not. Thread: any.
 *
 * <p>If it is not io_uring, the reason is logged once per JVM, because that costs speed. Otherwise
 * nothing is logged: a first use of the JVM's logging takes more processor time than the open of a
 * new store. {@link Disk#engine} and {@link Disk#engineReason} always tell.
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
    if (!support.available() && LOGGED.compareAndSet(false, true)) {
      Log.log(
          Disks.class,
          System.Logger.Level.INFO,
          "disk engine: " + PosixDisk.ENGINE + " (" + support + ")");
    }
    return support.available()
        ? new UringDisk(file, support.toString())
        : new PosixDisk(file, support.toString());
  }
}
