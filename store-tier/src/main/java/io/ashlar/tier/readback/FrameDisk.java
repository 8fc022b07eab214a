package io.ashlar.tier.readback;

import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.Log;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Frames as they were fetched, kept in a local file of bounded size: a ring in which the newest
 * overwrites the oldest.
 *
 * <p>It is a cache, trusted no more than the network. Frames from it are decoded and verified as if
 * they had been fetched, and fetched if that fails. The file has no name once it is open, so it
 * ends with the process and is never stale. A failing disk turns it off.
 *
 * <p>Thread: any; one monitor, held for reads and writes of the file. Memory: some 150 bytes of
 * heap a frame.
 */
final class FrameDisk implements AutoCloseable {
  private static final FileAttribute<?> FILE_MODE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private record Place(long offset, int length) {}

  private final FileChannel file;
  private final long bytesMax;

  // Guarded by this.
  private final Map<ColdReference, Place> places = new HashMap<>();
  private final TreeMap<Long, ColdReference> kept = new TreeMap<>();
  private long next;
  private boolean off;

  private FrameDisk(FileChannel file, long bytesMax) {
    this.file = file;
    this.bytesMax = bytesMax;
  }

  /**
   * Opens an empty one.
   *
   * @param folder an existing folder.
   * @throws IOException if no file can be made there.
   */
  static FrameDisk open(Path folder, long bytesMax) throws IOException {
    Path name =
        folder.resolve(
            "read-back-"
                + ProcessHandle.current().pid()
                + "-"
                + Long.toHexString(System.nanoTime()));
    FileChannel file =
        FileChannel.open(
            name,
            Set.of(
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                LinkOption.NOFOLLOW_LINKS),
            FILE_MODE);
    Files.delete(name);
    return new FrameDisk(file, bytesMax);
  }

  /** Keeps frames; what is too long for the file is left out. */
  synchronized void put(ColdReference reference, MemorySegment frames) {
    long length = frames.byteSize();
    if (off || length > bytesMax || length > Integer.MAX_VALUE || places.containsKey(reference)) {
      return;
    }
    if (next + length > bytesMax) {
      next = 0;
    }
    long end = next + length;
    makeRoom(end);
    try {
      ByteBuffer buffer = frames.asByteBuffer();
      for (long at = next; buffer.hasRemaining(); ) {
        at += file.write(buffer, at);
      }
      places.put(reference, new Place(next, (int) length));
      kept.put(next, reference);
      next = end;
    } catch (IOException e) {
      turnOff(e);
    }
  }

  /** Forgets what lies between the next place and {@code end}. */
  private void makeRoom(long end) {
    Long first = kept.floorKey(next);
    kept.subMap(first == null ? 0L : first, end)
        .entrySet()
        .removeIf(entry -> {
          Place place = places.get(entry.getValue());
          // What was forgotten, and perhaps kept again elsewhere, still has its old key.
          if (place == null || place.offset() != entry.getKey()) {
            return true;
          }
          boolean overlaps = place.offset() + place.length() > next;
          if (overlaps) {
            places.remove(entry.getValue());
          }
          return overlaps;
        });
  }

  /** The frames that were kept, in memory of {@code arena}; null if they are not there. */
  synchronized @Nullable MemorySegment find(ColdReference reference, Arena arena) {
    Place place = places.get(reference);
    if (place == null || off) {
      return null;
    }
    MemorySegment target = arena.allocate(place.length());
    ByteBuffer buffer = target.asByteBuffer();
    try {
      for (long at = place.offset(); buffer.hasRemaining(); ) {
        int n = file.read(buffer, at);
        if (n < 0) {
          places.remove(reference);
          return null;
        }
        at += n;
      }
      return target;
    } catch (IOException e) {
      turnOff(e);
      return null;
    }
  }

  /** Forgets frames that turned out to be damaged. */
  synchronized void forget(ColdReference reference) {
    places.remove(reference);
  }

  private void turnOff(IOException e) {
    off = true;
    places.clear();
    Log.log(
        FrameDisk.class,
        Level.WARNING,
        "the local file of read-back frames is not used any more: " + e);
  }

  @Override
  public synchronized void close() {
    off = true;
    places.clear();
    try {
      file.close();
    } catch (IOException ignored) {
      // It has no name and nothing in it is needed.
    }
  }
}
