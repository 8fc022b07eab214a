package io.ashlar.tier.object.directory;

import io.ashlar.tier.object.request.CheckedObjectStore;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.FileLockInterruptionException;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Locks by key that hold between threads and between processes: a {@link ReentrantLock} of this
 * process, then an advisory lock on one of {@value #STRIPES} lock files. The first is needed
 * because a file lock belongs to the process, and is lost when any descriptor of its file closes.
 *
 * <p>Thread: any. Memory: one mutex per lock file used, for the life of the process.
 */
final class KeyLocks {
  private static final int STRIPES = 256;
  private static final long OVERLAP_PAUSE_MS = 2;
  private static final ConcurrentHashMap<Path, ReentrantLock> MUTEXES = new ConcurrentHashMap<>();

  private final StoreDirectory directory;

  KeyLocks(StoreDirectory directory) {
    this.directory = directory;
  }

  <T> T locked(String key, CheckedObjectStore.Request<T> request) throws IOException {
    Path file = directory.lockFile(HexFormat.of().toHexDigits((byte) stripe(key)));
    ReentrantLock mutex = MUTEXES.computeIfAbsent(file, f -> new ReentrantLock());
    mutex.lock();
    try (FileChannel channel =
            FileChannel.open(
                file,
                Set.of(
                    StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                StoreDirectory.FILE_MODE);
        FileLock lock = lock(channel)) {
      assert lock.isValid();
      return request.run();
    } finally {
      mutex.unlock();
    }
  }

  /**
   * Another class loader of this JVM has its own mutexes; the JVM tells of its locks by throwing.
   */
  private static FileLock lock(FileChannel channel) throws IOException {
    while (true) {
      try {
        return channel.lock();
      } catch (OverlappingFileLockException otherLoader) {
        try {
          Thread.sleep(OVERLAP_PAUSE_MS);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new FileLockInterruptionException();
        }
      }
    }
  }

  private static int stripe(String key) {
    int hash = key.hashCode();
    return (hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & (STRIPES - 1);
  }
}
