package io.ashlar.jmh.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * Watches how much space the files of a folder take: the sum of their lengths, every 20 ms.
 *
 * <p>Thread: makes one of its own, which writes the maximum.
 */
public final class SpaceSampler implements AutoCloseable {

  private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(20);

  private final Path folder;
  private final Thread thread;
  private volatile long bytesMax; // written by the sampling thread only
  private volatile boolean closed;

  public SpaceSampler(Path folder) {
    this.folder = folder;
    bytesMax = bytes(folder);
    thread = Thread.ofPlatform().daemon().name("space-sampler").start(this::run);
  }

  private void run() {
    while (!closed) {
      bytesMax = Math.max(bytesMax, bytes(folder));
      LockSupport.parkNanos(PAUSE_NS);
    }
  }

  /** Returns the most that was seen so far, in bytes. */
  public long bytesMax() {
    return bytesMax;
  }

  /** Returns the bytes of all files in a folder; one that vanishes meanwhile counts nothing. */
  public static long bytes(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.mapToLong(SpaceSampler::size).sum();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list a folder: folder=" + folder, e);
    }
  }

  private static long size(Path file) {
    try {
      return Files.isDirectory(file) ? bytes(file) : Files.size(file);
    } catch (NoSuchFileException e) {
      return 0;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot ask for a size: file=" + file, e);
    }
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
