package io.ashlar.store.disk;

import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeFile;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;

/** A disk on a real file: everything but the engine of its queues. Thread: any. */
abstract sealed class FileDisk implements Disk permits PosixDisk, UringDisk {
  private static final int QUEUE_CAPACITY_MAX = 4096;

  private final DataFileHandle handle;
  private final NativeFile file;
  private final String reason;
  private final AtomicInteger queues = new AtomicInteger();

  FileDisk(DataFileHandle handle, String reason) {
    this.handle = handle;
    file = handle.nativeFile();
    this.reason = reason;
  }

  /** Opens a queue whose close calls {@code onClose}; the capacity is checked. */
  abstract DiskQueue newQueue(DataFileHandle file, int capacity, Runnable onClose);

  @Override
  public final DiskQueue openQueue(int capacity) {
    if (capacity < 1 || capacity > QUEUE_CAPACITY_MAX) {
      throw new IllegalArgumentException(
          "queue capacity must be 1 to " + QUEUE_CAPACITY_MAX + ": capacity=" + capacity);
    }
    DiskQueue queue = newQueue(handle, capacity, queues::decrementAndGet);
    queues.incrementAndGet();
    return queue;
  }

  @Override
  public final long read(MemorySegment target, long bytes, long offset) {
    return file.read(target, bytes, offset);
  }

  @Override
  public final void write(MemorySegment source, long offset) {
    file.write(source, offset, false);
  }

  @Override
  public final void write(IoVectors sources, long offset, boolean durable) {
    handle.write(sources, offset, durable);
  }

  @Override
  public final void sync() {
    file.dataSync();
  }

  @Override
  public final void syncAll() {
    handle.syncAll();
  }

  @Override
  public final long size() {
    return file.size();
  }

  @Override
  public final void forEachHole(RangeVisitor visitor) {
    handle.forEachHole(visitor);
  }

  @Override
  public final void requireLinked() {
    handle.requireLinked();
  }

  @Override
  public final void truncate(long bytes) {
    file.truncate(bytes);
  }

  @Override
  public final void punchHole(long offset, long bytes) {
    file.punchHole(offset, bytes);
  }

  @Override
  public final void zeroRange(long offset, long bytes) {
    file.zeroRange(offset, bytes);
  }

  @Override
  public final void allocate(long offset, long bytes) {
    file.allocate(offset, bytes);
  }

  @Override
  public String engineReason() {
    return reason;
  }

  @Override
  public final void close() {
    int open = queues.get();
    if (open > 0) {
      throw new IllegalStateException("disk closed before its queues: open=" + open);
    }
    handle.close();
  }
}
