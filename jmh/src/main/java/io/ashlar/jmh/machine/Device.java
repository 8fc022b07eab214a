package io.ashlar.jmh.machine;

import io.ashlar.uring.NativeFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The block device under a folder, and its own count of what was written to it: by whomever, so
 * what others write meanwhile is in there too.
 *
 * <p>Thread: any. Source: the kernel's Documentation/block/stat.rst; a sector has 512 bytes
 * whatever the device's are.
 */
public final class Device {

  private static final int READS_COMPLETED = 0;
  private static final int SECTORS_READ = 2;
  private static final int SECTORS_WRITTEN = 6;
  private static final long SECTOR_BYTES = 512;
  private static final long FLUSH_TIMEOUT_S = 120;

  private final Path folder;
  private final Path statistics;

  private Device(Path folder, Path statistics) {
    this.folder = folder;
    this.statistics = statistics;
  }

  /** Returns the device under a folder; absent where that is no block device, as in memory. */
  public static Optional<Device> under(Path folder) {
    long number = NativeFile.stat(folder).device();
    Path statistics =
        Path.of("/sys/dev/block", (number >>> 32) + ":" + (number & 0xffff_ffffL), "stat");
    return Files.isReadable(statistics)
        ? Optional.of(new Device(folder, statistics))
        : Optional.empty();
  }

  /**
   * Has the folder's file system write what it holds back, so that the count covers it.
   *
   * @throws UncheckedIOException if {@code sync} is missing or failed.
   */
  public void flush() {
    try {
      var _ =
          Processes.output(
              List.of("sync", "-f", folder.toAbsolutePath().toString()), FLUSH_TIMEOUT_S);
    } catch (IOException e) {
      throw new UncheckedIOException("the file system could not be flushed: folder=" + folder, e);
    }
  }

  /** Returns the bytes that were written to the device since it appeared. */
  public long bytesWritten() {
    return parseBytesWritten(counters());
  }

  /** Returns how many reads the device has completed since it appeared. */
  public long readsCompleted() {
    return number(counters(), READS_COMPLETED);
  }

  /** Returns the bytes that were read from the device since it appeared. */
  public long bytesRead() {
    return number(counters(), SECTORS_READ) * SECTOR_BYTES;
  }

  private String counters() {
    try {
      return Files.readString(statistics);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the device's counters: file=" + statistics, e);
    }
  }

  /** Reads the seventh number of a line as in {@code /sys/block/…/stat}. */
  static long parseBytesWritten(String line) {
    return number(line, SECTORS_WRITTEN) * SECTOR_BYTES;
  }

  private static long number(String line, int place) {
    return Long.parseLong(line.strip().split("\\s+")[place]);
  }
}
