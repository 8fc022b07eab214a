package io.ashlar.store.commit.role;

import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.spi.Log;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Poisons the store once its data file has lost its name: commits to such a file would be lost at
 * close. Reads continue, so that the content can be saved.
 *
 * <p>Before a commit writes, it asks the file system, at most once a second. So no epoch is
 * acknowledged that was committed more than a second after the file was deleted, or replaced by a
 * rename. A renamed folder is no fault, nor is another hard link. One case goes unnoticed: a
 * network file system that keeps an open file under a name of its own.
 *
 * <p>Thread: the commit role's holder.
 */
final class FileWatch {

  private static final long INTERVAL_NS = TimeUnit.SECONDS.toNanos(1);

  private final Disk disk;
  private final Poison poison;
  private final LongSupplier clockNs;
  private long askedNs;

  FileWatch(Disk disk, Poison poison, LongSupplier clockNs) {
    this.disk = disk;
    this.poison = poison;
    this.clockNs = clockNs;
    askedNs = clockNs.getAsLong();
  }

  /** Looks, if it is time. */
  void check() {
    long nowNs = clockNs.getAsLong();
    if (nowNs - askedNs < INTERVAL_NS) {
      return;
    }
    askedNs = nowNs;
    if (poison.isSet()) {
      return;
    }
    try {
      disk.requireLinked();
    } catch (NativeException e) {
      // Another answer says nothing: a device that fails will fail the commit.
      if (e.errno() == Errno.ENOENT || e.errno() == Errno.ESTALE) {
        poison.set(
            e,
            "its data file was deleted or replaced while it was open, and closing the store loses"
                + " the content: read and save it first");
        Log.log(
            FileWatch.class,
            System.Logger.Level.ERROR,
            String.valueOf(poison.failure(false).getMessage()));
      }
    }
  }
}
