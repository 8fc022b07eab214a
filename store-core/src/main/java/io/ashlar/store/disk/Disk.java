package io.ashlar.store.disk;

import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;

/**
 * The one data file of a store: positional reads and writes, syncs, and queues for asynchronous
 * ones.
 *
 * <p>Thread: every method of this half is safe from any thread and blocks until done; a {@link
 * DiskQueue} belongs to one thread. A thread's interrupt stays pending and abandons nothing.
 *
 * <p>Alignment: buffers are native memory; unless the file is buffered, a buffer's address, its
 * length and the offset are multiples of {@link #BLOCK_BYTES}. Memory belongs to the caller and
 * must stay until the call returns or, in a queue, until the completion is delivered.
 *
 * <p>Order: a read that begins after a write has returned sees it. Nothing orders two calls that
 * overlap in time. A sync covers the writes that completed before it began, and no others.
 *
 * <p>Failure: {@link NativeException} with the error number. EINTR, EAGAIN and transfers that the
 * kernel completed in part are finished here and never seen by the caller. A failed sync is never
 * retried: afterwards it is unknown which writes are durable.
 *
 * @implSpec every implementation passes {@code DiskContractTest}.
 */
public interface Disk extends AutoCloseable {
  /** The unit of space, of alignment and of offsets: 4 KiB. */
  int BLOCK_BYTES = 4096;

  /**
   * Reads at an offset.
   *
   * @return bytes read, fewer than {@code target.byteSize()} only at the end of the file.
   * @throws NativeException if the device fails.
   */
  default long read(MemorySegment target, long offset) {
    return read(target, target.byteSize(), offset);
  }

  /**
   * Reads at an offset to the start of a target that may be longer; allocates nothing.
   *
   * @param bytes how many; 0 to the target's length.
   * @return bytes read, fewer than {@code bytes} only at the end of the file.
   * @throws NativeException if the device fails.
   * @throws IndexOutOfBoundsException if the target is shorter.
   */
  long read(MemorySegment target, long bytes, long offset);

  /**
   * Writes the whole source; not durable until {@link #sync()}.
   *
   * @throws NativeException if the device fails or is full; some of it may have been written.
   */
  void write(MemorySegment source, long offset);

  /**
   * Writes all sources one after another, as one gathered write of a contiguous range.
   *
   * @param durable whether these bytes, and only these, are durable when this returns.
   * @throws NativeException if the device fails or is full; some of it may have been written.
   */
  void write(IoVectors sources, long offset, boolean durable);

  /**
   * Makes every completed write durable (fdatasync).
   *
   * @throws NativeException if the sync failed; it must not be retried.
   */
  void sync();

  /**
   * Makes file, metadata and the directory entry that names the file durable.
   *
   * @throws NativeException if the sync failed; it must not be retried.
   */
  void syncAll();

  /** Returns the length of the file in bytes. */
  long size();

  /** Takes ranges of the file. */
  @FunctionalInterface
  interface RangeVisitor {

    /** Takes one. */
    void visit(long offset, long bytes);
  }

  /**
   * Visits, in ascending order, the ranges that were never written: a write there needs space of
   * the file system's, which may have none. None are visited where the file system cannot tell.
   *
   * @throws NativeException if the device fails.
   */
  void forEachHole(RangeVisitor visitor);

  /**
   * Makes sure that the file has a name in some folder, whichever. One that was deleted, or
   * replaced under its name, has none: it goes away when it is closed.
   *
   * @throws NativeException ENOENT if it has no name; another if the file system does not answer.
   */
  void requireLinked();

  /**
   * Sets the length of the file; a new part reads as zeroes. Not durable until {@link #syncAll()}.
   *
   * @throws NativeException if the device fails or the length is beyond a limit.
   */
  void truncate(long bytes);

  /**
   * Gives the space of a range back to the file system; it then reads as zeroes, and the file's
   * length stays.
   *
   * @throws NativeException EOPNOTSUPP where the file system cannot.
   */
  void punchHole(long offset, long bytes);

  /**
   * Gives a range its space without writing to it: it reads as zeroes, whatever it held, and the
   * file becomes as long as that takes. The first write to each of its blocks, made durable, costs
   * more than later ones. Not durable until {@link #sync()}.
   *
   * @throws NativeException EOPNOTSUPP where the file system cannot; if the device fails or is
   *     full.
   */
  void zeroRange(long offset, long bytes);

  /**
   * Gives a range its space without writing to it, and makes the file as long as that takes: the
   * blocks keep what they hold, and those that hold nothing read as zeroes. Later writes there do
   * not change the file's length. Not durable until {@link #sync()}.
   *
   * @throws NativeException EOPNOTSUPP or ENOSYS where the file system cannot; if the device fails
   *     or is full. A part may have been done all the same.
   */
  void allocate(long offset, long bytes);

  /**
   * Opens a queue that belongs to the calling thread, which must be a platform thread. Where the
   * kernel refuses a ring, the queue does without one: see {@link DiskQueue#isConcurrent}.
   *
   * @param capacity the most operations in flight, 1 to 4096.
   * @throws NativeException if there can be no queue at all.
   */
  DiskQueue openQueue(int capacity);

  /**
   * Returns whether the operations of the next queue run concurrently. If not, the owner executes
   * each when it is submitted.
   */
  boolean queuesOverlap();

  /** Returns the engine of the first queue: {@code io_uring} or {@code pread/pwrite}. */
  String engine();

  /** Returns in one phrase why this engine was chosen, and which later queues go without it. */
  String engineReason();

  /** Closes the file, after every queue was closed. Idempotent. */
  @Override
  void close();
}
