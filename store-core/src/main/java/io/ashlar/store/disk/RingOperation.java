package io.ashlar.store.disk;

import io.ashlar.uring.Backoff;
import io.ashlar.uring.Errno;
import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.Uring;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One operation of a {@link UringDiskQueue}, from submit to its one completion, however many ring
 * operations that takes.
 *
 * <pre>
 *   read…, write…                  prepare              completed
 *   FREE ---------------> ACTIVE ----------> in the ring ---------> DONE or FAILED -- free --> FREE
 *                           ^                     |
 *                           '---------------------'  AGAIN: in part, or EINTR, or EAGAIN
 * </pre>
 *
 * <p>Reused; allocates only if the kernel completes a transfer in part. Thread: the queue's owner.
 */
final class RingOperation implements AutoCloseable {
  private static final int FILE_INDEX = 0;

  private final long alignment;
  private final String subject;
  private Kind kind = Kind.FREE;
  private long token;
  private long offset;
  private long size;
  private long done;
  private int attempts;
  private int rwFlags;
  private boolean syncAfter;
  private @Nullable MemorySegment memory;
  private @Nullable IoVectors sources;
  private @Nullable IoVectors rest;
  private @Nullable NativeException failure;

  private enum Kind {
    FREE,
    READ,
    WRITE,
    SYNC,
    NOTHING
  }

  /** The next step after a completion. */
  enum Step {
    AGAIN,
    DONE,
    FAILED
  }

  /**
   * Makes a free operation.
   *
   * @param alignment what transfers in part are rounded down to: 4096 for direct I/O, else 1.
   * @param subject names the file in failures.
   */
  RingOperation(long alignment, String subject) {
    this.alignment = alignment;
    this.subject = subject;
  }

  void read(MemorySegment target, long bytes, long readOffset, long newToken) {
    start(Kind.READ, readOffset, bytes, newToken);
    memory = target;
  }

  /**
   * Becomes a gathered write.
   *
   * @param flags {@link Uring#RWF_DSYNC} or 0.
   * @param withSync whether an fdatasync follows before it counts as done.
   */
  void write(IoVectors all, long writeOffset, int flags, boolean withSync, long newToken) {
    start(Kind.WRITE, writeOffset, all.bytes(), newToken);
    sources = all;
    rwFlags = flags;
    syncAfter = withSync;
  }

  private void start(Kind newKind, long newOffset, long newSize, long newToken) {
    assert kind == Kind.FREE : kind;
    kind = newSize == 0 ? Kind.NOTHING : newKind;
    offset = newOffset;
    size = newSize;
    token = newToken;
    done = 0;
    attempts = 0;
    rwFlags = 0;
    syncAfter = false;
  }

  /**
   * Prepares the rest of the transfer, under the ring token {@code index}; false if the ring is
   * full.
   */
  boolean prepare(Uring ring, long index) {
    long from = nextByte();
    return switch (kind) {
      case READ -> ring.prepareRead(FILE_INDEX, rest(from), restBytes(from), offset + from, index);
      case WRITE -> ring.prepareWritev(FILE_INDEX, gathered(), offset + from, rwFlags, index);
      case SYNC -> ring.prepareDataSync(FILE_INDEX, index);
      case NOTHING -> ring.prepareNop(index);
      case FREE -> throw new IllegalStateException("a free operation cannot be prepared");
    };
  }

  /**
   * Returns how far into the transfer the next ring operation begins: after the finished part,
   * rounded down. A read whose end is not aligned asks for its last block again; if nothing more
   * comes, that is the end of the file.
   */
  long nextByte() {
    return done & -alignment;
  }

  /** Takes the result of the ring operation that {@link #prepare} prepared last. */
  Step completed(int result) {
    return switch (kind) {
      case READ -> result < 0 ? retryOrFail("read", -result) : readSome(result);
      case WRITE -> result <= 0 ? writtenNothing(result) : wroteSome(result);
      // A sync that failed is never tried again, whatever the reason: see fsync(2).
      case SYNC -> result < 0 ? fail("fdatasync", -result) : Step.DONE;
      case NOTHING -> result < 0 ? fail("nop", -result) : Step.DONE;
      case FREE -> throw new IllegalStateException("a free operation cannot complete");
    };
  }

  private Step readSome(int result) {
    long reached = nextByte() + result;
    if (reached <= done) {
      return Step.DONE;
    }
    done = reached;
    attempts = 0;
    return done == size ? Step.DONE : Step.AGAIN;
  }

  private Step writtenNothing(int result) {
    return result == 0 ? fail("write", Errno.EIO) : retryOrFail("write", -result);
  }

  private Step wroteSome(int result) {
    long progress = result == size - done ? result : result & -alignment;
    if (progress == 0) {
      return retryOrFail("write", Errno.EAGAIN);
    }
    done += progress;
    attempts = 0;
    if (done == size && syncAfter) {
      kind = Kind.SYNC;
      return Step.AGAIN;
    }
    return done == size ? Step.DONE : Step.AGAIN;
  }

  private Step retryOrFail(String call, int errno) {
    boolean passing = errno == Errno.EINTR || errno == Errno.EAGAIN;
    return passing && Backoff.before(attempts++) ? Step.AGAIN : fail(call, errno);
  }

  private Step fail(String call, int errno) {
    fail(new NativeException(call, errno, subject + ", offset=" + offset + ", bytes=" + size));
    return Step.FAILED;
  }

  /** Ends the operation with a failure that is not its own. */
  void fail(NativeException cause) {
    failure = cause;
    done = 0;
  }

  boolean active() {
    return kind != Kind.FREE;
  }

  long token() {
    return token;
  }

  /** Returns the bytes moved; 0 for a sync or a failure. */
  long bytes() {
    return done;
  }

  @Nullable NativeException failure() {
    return failure;
  }

  /** Lets go of the caller's memory; the operation may be used again. */
  void free() {
    kind = Kind.FREE;
    memory = null;
    sources = null;
    failure = null;
  }

  @Override
  public void close() {
    IoVectors own = rest;
    if (own != null) {
      own.close();
      rest = null;
    }
  }

  private MemorySegment rest(long from) {
    MemorySegment whole = memory;
    if (whole == null) {
      throw new IllegalStateException("no memory to transfer");
    }
    return from == 0 ? whole : whole.asSlice(from);
  }

  private long restBytes(long from) {
    return Math.min(size - from, Uring.TRANSFER_BYTES_MAX);
  }

  private IoVectors gathered() {
    IoVectors all = sources;
    if (all == null) {
      throw new IllegalStateException("no sources to gather");
    }
    if (done == 0) {
      return all;
    }
    IoVectors own = rest;
    if (own == null || own.capacity() < all.count()) {
      close();
      own = new IoVectors(all.count());
      rest = own;
    }
    own.setToRestOf(all, done);
    return own;
  }
}
