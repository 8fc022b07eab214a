package io.ashlar.uring;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * System calls on a real file of which chosen ones fail or transfer less than asked for. They are
 * counted, and fail, whether they come from a thread or, through {@link CallingKernel}, from a
 * ring. Nothing is synced for real; which blocks are written and not yet durable is kept count of.
 *
 * <p>Thread: one at a time.
 */
public final class FaultyCalls extends FileCalls {

  private static final int RWF_DSYNC = 2;
  private static final int BLOCK = 4096;

  /**
   * What goes wrong.
   *
   * @param index the first call to which it happens, counted from 0.
   * @param times to how many it happens from then on.
   * @param errno what a call fails with, or 0 for a short transfer.
   * @param shortBytes bytes that a transfer ends with, or, when negative, that it ends short of.
   */
  public record Fault(long index, long times, int errno, long shortBytes) {

    /** A call fails, and those after it. */
    public static Fault errno(long index, int errno, long times) {
      return new Fault(index, times, errno, 0);
    }

    /** One transfer is short. */
    public static Fault shortTransfer(long index, long bytes) {
      return new Fault(index, 1, 0, bytes);
    }
  }

  private final Fault fault;
  private long calls;
  private long changes;
  private final BitSet reads = new BitSet();
  private boolean readFailed;
  private boolean syncFailed;
  private long callsAfterFailedSync;
  private @Nullable CallingKernel lastRing;
  private int rings;
  private int refusedRing = Integer.MAX_VALUE;
  private @Nullable Refusal ringRefusal;
  private int ringErrno;
  private int lockErrno;
  private final BitSet volatileBlocks = new BitSet();

  /** Creates one for a file and its rings. */
  public FaultyCalls(Fault fault) {
    this.fault = fault;
  }

  /** Opens a file whose calls these are. */
  public NativeFile open(Path path, NativeFile.Mode mode, boolean direct) {
    return NativeFile.open(path, mode, direct, this);
  }

  /** What a kernel refuses of a ring. */
  public enum Refusal {
    SETUP,
    REGISTER,
    ENTER
  }

  /** Refuses rings, the one with this index and those opened after it. */
  public void refuseRings(int index, Refusal refusal, int errno) {
    refusedRing = index;
    ringRefusal = refusal;
    ringErrno = errno;
  }

  /** Lets every call of flock fail. */
  public void refuseLocks(int errno) {
    lockErrno = errno;
  }

  @Override
  int flock(int fd, int operation) {
    return lockErrno != 0 ? -lockErrno : LibcCalls.flock(fd, operation);
  }

  /** Opens a ring, owned by the calling thread, whose operations are these calls. */
  public Uring openRing(int entries) {
    Refusal refusal = rings++ >= refusedRing ? ringRefusal : null;
    if (refusal == Refusal.SETUP) {
      throw new NativeException("io_uring_setup", ringErrno, "entries=" + entries);
    }
    CallingKernel kernel = new CallingKernel(this, entries);
    lastRing = kernel;
    if (refusal != null) {
      kernel.refuse(refusal == Refusal.REGISTER, ringErrno);
    }
    return new Uring(kernel, kernel.memory());
  }

  /** Lets the ring opened last refuse every call: what it has in flight never ends. */
  public void killRing() {
    Objects.requireNonNull(lastRing).refuse(false, Errno.EBADF);
  }

  /** Returns how many calls there were. */
  public long calls() {
    return calls;
  }

  /** Returns how many calls there were but reads. */
  public long changes() {
    return changes;
  }

  /** Returns which of the calls were reads. */
  public BitSet reads() {
    return reads;
  }

  /** Returns whether a read has failed. */
  public boolean readFailed() {
    return readFailed;
  }

  /** Returns how many writes and syncs there were after a sync had failed. */
  public long callsAfterFailedSync() {
    return callsAfterFailedSync;
  }

  /** Returns how many blocks were written, by calls that have ended, and are not durable. */
  public int volatileBlocks() {
    return volatileBlocks.cardinality();
  }

  /** Takes note of a write: with the flag its own bytes are durable, and no others. */
  private void wrote(long offset, long bytes, int flags) {
    int from = (int) (offset / BLOCK);
    int to = (int) ((offset + Math.max(0, bytes) + BLOCK - 1) / BLOCK);
    volatileBlocks.set(from, to, (flags & RWF_DSYNC) == 0);
  }

  private boolean begin(boolean isChange) {
    if (isChange) {
      changes++;
      callsAfterFailedSync += syncFailed ? 1 : 0;
    }
    long index = calls++;
    return index >= fault.index && index - fault.index < fault.times;
  }

  @Override
  long pread(int fd, MemorySegment target, long bytes, long offset) {
    boolean faulty = begin(false);
    reads.set((int) calls - 1);
    if (faulty && fault.errno != 0) {
      readFailed = true;
      return -fault.errno;
    }
    long read = LibcCalls.pread(fd, target, bytes, offset);
    readFailed |= faulty && cut(read) == 0; // as if the file ended here
    return faulty ? cut(read) : read;
  }

  private long cut(long bytes) {
    return fault.shortBytes >= 0
        ? Math.min(bytes, fault.shortBytes)
        : Math.max(0, bytes + fault.shortBytes);
  }

  @Override
  long pwritev2(int fd, MemorySegment vectors, int count, long offset, int flags) {
    boolean faulty = begin(true);
    if (faulty && fault.errno != 0) {
      return -fault.errno;
    }
    long asked = 0;
    for (int i = 0; i < count; i++) {
      asked += length(vectors, i);
    }
    if (!faulty || cut(asked) == asked) {
      long written = LibcCalls.pwritev2(fd, vectors, count, offset, flags & ~RWF_DSYNC);
      wrote(offset, written, flags);
      return written;
    }
    long told = cut(asked);
    long left = told & -BLOCK; // what is told beyond that is less than a block, and written again
    for (int i = 0; i < count && left > 0; i++) {
      long part = Math.min(left, length(vectors, i));
      long address = vectors.get(ValueLayout.JAVA_LONG, i * LibcCalls.IOVEC_BYTES);
      MemorySegment source = MemorySegment.ofAddress(address).reinterpret(part);
      long at = offset + (told & -BLOCK) - left;
      MemorySegment vector = LibcCalls.vectorOf(source);
      long written = LibcCalls.pwritev2(fd, vector, 1, at, 0);
      if (written != part) {
        throw new IllegalStateException("a part could not be written: result=" + written);
      }
      left -= part;
    }
    wrote(offset, told, flags);
    return told;
  }

  private static long length(MemorySegment vectors, int index) {
    long at = index * LibcCalls.IOVEC_BYTES + LibcCalls.IOVEC_LENGTH_OFFSET;
    return vectors.get(ValueLayout.JAVA_LONG, at);
  }

  @Override
  int fsync(int fd) {
    return sync();
  }

  @Override
  int fdatasync(int fd) {
    return sync();
  }

  private int sync() {
    if (begin(true) && fault.errno != 0) {
      syncFailed = true;
      return -fault.errno;
    }
    volatileBlocks.clear();
    return 0;
  }

  @Override
  int ftruncate(int fd, long bytes) {
    return begin(true) && fault.errno != 0 ? -fault.errno : LibcCalls.ftruncate(fd, bytes);
  }

  @Override
  int fallocate(int fd, int mode, long offset, long length) {
    return begin(true) && fault.errno != 0
        ? -fault.errno
        : LibcCalls.fallocate(fd, mode, offset, length);
  }
}
