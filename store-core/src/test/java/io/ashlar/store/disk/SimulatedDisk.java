package io.ashlar.store.disk;

import io.ashlar.store.disk.InjectedFailure.Kind;
import io.ashlar.uring.Errno;
import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A disk in memory that records what is done to it, so that {@link CrashImages} can say what a
 * crash at any moment may leave, and that fails when told to.
 *
 * <p>Deterministic: a queue runs an operation when it is submitted and completes it when it is
 * delivered, in the order of submission or, from a seed, in another. Until then the operation is in
 * flight: a sync that begins meanwhile does not cover it. Buffers, lengths and offsets that are not
 * multiples of 4 KiB get EINVAL, as from a file opened for direct I/O.
 *
 * <p>Thread: as {@link Disk} says; the test's methods too may be called from any.
 */
public final class SimulatedDisk implements Disk {
  private static final int QUEUE_CAPACITY_MAX = 4096;

  private final BlockImage initial;
  private final BlockImage current;
  private final List<DiskEvent> events = new ArrayList<>();
  private final List<InjectedFailure> failures = new ArrayList<>();
  private final Map<Kind, Long> counts = new EnumMap<>(Kind.class);
  private final Map<Kind, Runnable> during = new EnumMap<>(Kind.class);
  private final BlockStates blocks = new BlockStates();
  private boolean full;
  private @Nullable SplittableRandom shuffle;
  private long sizeMax = Long.MAX_VALUE;
  private int ids;
  private int queuesOpen;
  private int queueRefusal;
  private boolean closed;

  /** Creates a disk with an empty file. */
  public SimulatedDisk() {
    this(new BlockImage());
  }

  private SimulatedDisk(BlockImage image) {
    this.initial = image.copy();
    this.current = image.copy();
  }

  /** Returns a disk whose file has this content, all of it durable. */
  public static SimulatedDisk of(BlockImage image) {
    return new SimulatedDisk(image);
  }

  /**
   * Returns the disk as the next process finds it after its owner was killed behind so many events
   * of its trace: everything written can be read, and what was not durable still is not. Writes
   * that were in flight have landed, as the lock is only free once they have.
   */
  public static SimulatedDisk afterKill(SimulatedDisk dead, int point) {
    SimulatedDisk disk = new SimulatedDisk(dead.initialImage());
    Set<Integer> inFlight = new LinkedHashSet<>();
    for (DiskEvent event : dead.events().subList(0, point)) {
      switch (event) {
        case DiskEvent.Write write -> {
          disk.applyWrite(write.offset(), write.bytes());
          inFlight.add(write.id());
        }
        case DiskEvent.Truncate truncate -> {
          disk.applyTruncate(truncate.bytes());
          inFlight.add(truncate.id());
        }
        case DiskEvent.Allocate allocate -> {
          disk.applyAllocate(allocate.offset(), allocate.bytes());
          inFlight.add(allocate.id());
        }
        case DiskEvent.Punch punch -> {
          disk.current.zero(punch.offset(), punch.bytes());
          inFlight.add(punch.id());
        }
        case DiskEvent.Completed completed -> inFlight.remove(completed.id());
        case DiskEvent.Failed failed -> inFlight.remove(failed.id());
        default -> {}
      }
      disk.events.add(event);
    }
    inFlight.forEach(id -> disk.events.add(new DiskEvent.Completed(id)));
    disk.ids = dead.nextId();
    return disk;
  }

  private synchronized int nextId() {
    return ids;
  }

  /** Makes queues deliver completions in an order drawn from a seed. */
  public synchronized void shuffleCompletions(long seed) {
    shuffle = new SplittableRandom(seed);
  }

  /** Makes everything that would lengthen the file beyond this fail with ENOSPC. */
  public synchronized void limitSize(long bytes) {
    sizeMax = bytes;
  }

  /** Arranges a failure; several may be arranged, and the first that fits is delivered. */
  public synchronized void fail(InjectedFailure failure) {
    failures.add(failure);
  }

  /** Does something during every operation of a kind, such as letting a clock go on. */
  public synchronized void during(Kind kind, Runnable action) {
    during.put(kind, action);
  }

  /** Fails the next operation of a kind, once. */
  public synchronized void failNext(Kind kind, int errno) {
    failures.add(InjectedFailure.once(kind, count(kind), errno));
  }

  /** Makes a block's reads fail with EIO until it is written. */
  public synchronized void makeUnreadable(long block) {
    blocks.unreadable.add(block);
  }

  /** Takes a block's space away: it is a hole until it is written. */
  public synchronized void makeUnallocated(long block) {
    blocks.unallocated.add(block);
  }

  /** Sets whether the device has space for what is not allocated. */
  public synchronized void setFull(boolean isFull) {
    full = isFull;
  }

  @Override
  public synchronized void forEachHole(RangeVisitor visitor) {
    blocks.forEachHole(visitor);
  }

  /** Makes a block's writes fail with EIO, and with them its reads stay as they are. */
  public synchronized void makeUnwritable(long block) {
    blocks.unwritable.add(block);
  }

  /** Makes the opening of queues fail from now on. */
  public synchronized void refuseQueues(int errno) {
    queueRefusal = errno;
  }

  /** Forgets all failures arranged. */
  public synchronized void heal() {
    failures.clear();
  }

  /** Notes something in the trace, such as an acknowledgement. */
  public synchronized void mark(Object value) {
    events.add(new DiskEvent.Mark(value));
  }

  /** Returns how many operations of a kind have begun. */
  public synchronized long count(Kind kind) {
    return counts.getOrDefault(kind, 0L);
  }

  /** Returns how many operations have begun that change something: all but reads. */
  public synchronized long changeCount() {
    long count = 0;
    for (Kind kind : Kind.values()) {
      count += kind == Kind.READ ? 0 : count(kind);
    }
    return count;
  }

  /** Returns a copy of what happened so far. */
  public synchronized List<DiskEvent> events() {
    return List.copyOf(events);
  }

  /** Returns the file as it was when the disk was made. */
  public BlockImage initialImage() {
    return initial.copy();
  }

  /** Returns the file as readers see it, whether durable or not. */
  public synchronized BlockImage image() {
    return current.copy();
  }

  @Override
  public synchronized long read(MemorySegment target, long bytes, long offset) {
    checkOpen();
    checkAligned("preadv2", offset, bytes, target.address());
    begin(Kind.READ, "preadv2");
    if (BlockStates.isIn(blocks.unreadable, offset, bytes)) {
      throw new NativeException("preadv2", Errno.EIO, "unreadable=true, offset=" + offset);
    }
    return current.read(offset, target.asSlice(0, bytes));
  }

  @Override
  public synchronized void write(MemorySegment source, long offset) {
    checkOpen();
    checkAligned("pwrite", offset, source.byteSize(), source.address());
    complete(beginWrite(source.toArray(ValueLayout.JAVA_BYTE), offset, false));
  }

  @Override
  public synchronized void write(IoVectors sources, long offset, boolean durable) {
    complete(beginWrite(sources, offset, durable));
  }

  @Override
  public synchronized void sync() {
    complete(beginSync(false));
  }

  @Override
  public synchronized void syncAll() {
    complete(beginSync(true));
  }

  @Override
  public synchronized long size() {
    checkOpen();
    return current.size();
  }

  @Override
  public void requireLinked() {
    checkOpen(); // a disk in memory has no name to lose
  }

  @Override
  public synchronized void truncate(long bytes) {
    checkOpen();
    int id = ids++;
    events.add(new DiskEvent.Truncate(id, bytes));
    try {
      begin(Kind.TRUNCATE, "ftruncate");
      checkSize("ftruncate", bytes);
    } catch (NativeException failure) {
      throw failed(id, failure);
    }
    applyTruncate(bytes);
    complete(id);
  }

  private void applyTruncate(long bytes) {
    current.truncate(bytes);
    blocks.onTruncate(bytes);
  }

  @Override
  public synchronized void punchHole(long offset, long bytes) {
    checkOpen();
    int id = ids++;
    events.add(new DiskEvent.Punch(id, offset, bytes));
    try {
      begin(Kind.PUNCH, "fallocate");
    } catch (NativeException failure) {
      throw failed(id, failure);
    }
    current.zero(offset, Math.min(bytes, current.size() - offset));
    complete(id);
  }

  /** As a write of zeroes, which may land in part and in any order. */
  @Override
  public synchronized void zeroRange(long offset, long bytes) {
    checkOpen();
    checkAligned("fallocate", offset, bytes, 0);
    complete(beginWrite(new byte[Math.toIntExact(bytes)], offset, false));
  }

  @Override
  public synchronized void allocate(long offset, long bytes) {
    checkOpen();
    checkAligned("fallocate", offset, bytes, 0);
    int id = ids++;
    events.add(new DiskEvent.Allocate(id, offset, bytes));
    try {
      begin(Kind.ALLOCATE, "fallocate");
      checkSize("fallocate", offset + bytes);
      if (full && BlockStates.isIn(blocks.unallocated, offset, bytes)) {
        throw new NativeException("fallocate", Errno.ENOSPC, "unallocated=true, offset=" + offset);
      }
    } catch (NativeException failure) {
      applyAllocate(offset, Math.min(bytes, landedBytes(Kind.ALLOCATE)));
      throw failed(id, failure);
    }
    applyAllocate(offset, bytes);
    complete(id);
  }

  private void applyAllocate(long offset, long bytes) {
    blocks.onAllocate(offset, bytes, current.size());
    if (bytes > 0) {
      current.extend(offset + bytes);
    }
  }

  @Override
  public synchronized DiskQueue openQueue(int capacity) {
    checkOpen();
    if (capacity < 1 || capacity > QUEUE_CAPACITY_MAX) {
      throw new IllegalArgumentException(
          "queue capacity must be 1 to " + QUEUE_CAPACITY_MAX + ": capacity=" + capacity);
    }
    if (queueRefusal != 0) {
      throw new NativeException("io_uring_setup", queueRefusal, "injected=true");
    }
    queuesOpen++;
    return new SimulatedDiskQueue(this, capacity);
  }

  @Override
  public boolean queuesOverlap() {
    return true; // as far as anybody can tell
  }

  @Override
  public String engine() {
    return "simulated";
  }

  @Override
  public String engineReason() {
    return "chosen by a test";
  }

  @Override
  public synchronized void close() {
    if (queuesOpen > 0) {
      throw new IllegalStateException("disk closed before its queues: open=" + queuesOpen);
    }
    closed = true;
  }

  synchronized void queueClosed() {
    queuesOpen--;
  }

  /** Does a write and leaves it in flight; returns its id. */
  synchronized int beginWrite(IoVectors sources, long offset, boolean durable) {
    checkOpen();
    for (int i = 0; i < sources.sourceCount(); i++) {
      MemorySegment source = sources.source(i);
      checkAligned("pwritev2", offset, source.byteSize(), source.address());
    }
    return beginWrite(gather(sources), offset, durable);
  }

  private int beginWrite(byte[] bytes, long offset, boolean durable) {
    int id = ids++;
    events.add(new DiskEvent.Write(id, offset, bytes, durable));
    try {
      begin(Kind.WRITE, "pwritev2");
      checkSize("pwritev2", offset + bytes.length);
      if (full && BlockStates.isIn(blocks.unallocated, offset, bytes.length)) {
        throw new NativeException("pwritev2", Errno.ENOSPC, "unallocated=true, offset=" + offset);
      }
      if (BlockStates.isIn(blocks.unwritable, offset, bytes.length)) {
        throw new NativeException("pwritev2", Errno.EIO, "unwritable=true, offset=" + offset);
      }
    } catch (NativeException failure) {
      int landed = (int) Math.min(bytes.length, landedBytes(Kind.WRITE));
      current.write(offset, bytes, 0, landed);
      throw failed(id, failure);
    }
    applyWrite(offset, bytes);
    return id;
  }

  private void applyWrite(long offset, byte[] bytes) {
    current.write(offset, bytes, 0, bytes.length);
    blocks.onWrite(offset, bytes.length);
  }

  /** Begins a sync and leaves it in flight; returns its id. */
  synchronized int beginSync(boolean all) {
    checkOpen();
    int id = ids++;
    events.add(new DiskEvent.Sync(id, all));
    try {
      begin(Kind.SYNC, all ? "fsync" : "fdatasync");
    } catch (NativeException failure) {
      throw failed(id, failure);
    }
    return id;
  }

  synchronized void complete(int id) {
    events.add(new DiskEvent.Completed(id));
  }

  /** Returns which of {@code count} operations is to be delivered first. */
  synchronized int choose(int count) {
    return shuffle == null ? 0 : shuffle.nextInt(count);
  }

  private NativeException failed(int id, NativeException failure) {
    events.add(new DiskEvent.Failed(id, failure.errno()));
    return failure;
  }

  /** Counts an operation, and throws the failure arranged for it. */
  private void begin(Kind kind, String call) {
    counts.merge(kind, 1L, Long::sum);
    during.getOrDefault(kind, () -> {}).run();
    InjectedFailure failure = failureOf(kind);
    if (failure != null) {
      throw new NativeException(call, failure.errno(), "injected=true");
    }
  }

  /** Returns the failure arranged for the operation of this kind that was counted last. */
  private @Nullable InjectedFailure failureOf(Kind kind) {
    for (InjectedFailure failure : failures) {
      long index = -1;
      for (Kind counted : failure.kinds()) {
        index += count(counted);
      }
      boolean isDue = failure.forever() ? index >= failure.index() : index == failure.index();
      if (isDue && failure.kinds().contains(kind)) {
        return failure;
      }
    }
    return null;
  }

  private long landedBytes(Kind kind) {
    InjectedFailure failure = failureOf(kind);
    return failure == null ? 0 : failure.landedBytes();
  }

  private void checkSize(String call, long bytes) {
    if (bytes > sizeMax && bytes > current.size()) {
      throw new NativeException(call, Errno.ENOSPC, "bytes=" + bytes + ", limit=" + sizeMax);
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the disk is closed");
    }
  }

  private static void checkAligned(String call, long offset, long length, long address) {
    if (offset < 0 || ((offset | length | address) & (BLOCK_BYTES - 1)) != 0) {
      throw new NativeException(
          call,
          Errno.EINVAL,
          "offset=%d, length=%d, address=%x".formatted(offset, length, address));
    }
  }

  private static byte[] gather(IoVectors sources) {
    byte[] bytes = new byte[Math.toIntExact(sources.bytes())];
    int at = 0;
    for (int i = 0; i < sources.sourceCount(); i++) {
      int length = (int) sources.source(i).byteSize();
      MemorySegment.copy(sources.source(i), 0, MemorySegment.ofArray(bytes), at, length);
      at += length;
    }
    return bytes;
  }
}
