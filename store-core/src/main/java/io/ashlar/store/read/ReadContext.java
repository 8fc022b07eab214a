package io.ashlar.store.read;

import io.ashlar.store.disk.LentMemory;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.format.Checksum;
import io.ashlar.store.index.BlobLocation;
import java.lang.foreign.MemorySegment;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jctools.queues.varhandle.MpmcVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * The reusable state of a thread's reads, so that a read allocates nothing: places for index
 * entries, a checksum, a view of the caller's target, and leases.
 *
 * <p>A platform thread has one of its own; virtual threads, which come and go, share some. A read
 * within a read, as a tier may do, gets another.
 *
 * <p>Thread: who took it, until {@link #giveBack}.
 */
final class ReadContext {

  /** How many lease objects a thread has; each is reused after this many later leases. */
  static final int LEASES = 64;

  private static final int SHARED_MAX = 256;
  private static final MpmcVarHandleArrayQueue<ReadContext> SHARED =
      new MpmcVarHandleArrayQueue<>(SHARED_MAX);

  /** A target that was read into, and the same memory as a checksum wants it. */
  private record TargetView(MemorySegment target, ByteBuffer bytes) {}

  private final BlobLocation location = new BlobLocation();
  private final BlobLocation now = new BlobLocation();
  private final CRC32C crc = new CRC32C();
  private final ReadRequest request = new ReadRequest();
  private final boolean shared;
  private final LeasedBlob[] leases;
  private int nextLease;
  private int[] integers = new int[16];
  private boolean taken;

  // Weak: what a caller has let go of is not kept by its thread.
  private @Nullable WeakReference<TargetView> lastTarget;

  ReadContext(boolean shared) {
    this.shared = shared;
    leases = new LeasedBlob[shared ? 0 : LEASES];
  }

  /** Takes the calling thread's, or one that is free. */
  static ReadContext take() {
    if (Thread.currentThread().isVirtual()) {
      ReadContext context = SHARED.relaxedPoll();
      return context == null ? new ReadContext(true) : context;
    }
    ReadContext context = ThreadContexts.ofThisThread();
    if (context.taken) {
      return new ReadContext(true);
    }
    context.taken = true;
    return context;
  }

  /** Gives it back. */
  void giveBack() {
    taken = false;
    if (shared) {
      var _ = SHARED.relaxedOffer(this); // dropped when there are plenty
    }
  }

  /** Returns where the blob that is read was found. */
  BlobLocation location() {
    return location;
  }

  /** Returns a place for the current entry of the index. */
  BlobLocation now() {
    return now;
  }

  /** Returns a request to wait for. */
  ReadRequest request() {
    return request;
  }

  /** Returns room for some integers, at least {@code count}. */
  int[] integers(int count) {
    if (integers.length < count) {
      integers = new int[count];
    }
    return integers;
  }

  /** Returns the checksum, set to begin. */
  CRC32C crc() {
    crc.reset();
    return crc;
  }

  /** Returns the CRC-32C of the first {@code length} bytes of native memory. */
  int crc32c(MemorySegment target, long length) {
    return crc32c(viewOf(target, length), length);
  }

  /** Returns the CRC-32C of the first {@code length} bytes of a buffer. */
  int crc32c(ByteBuffer view, long length) {
    crc.reset();
    Checksum.update(crc, view, 0, (int) length);
    return (int) crc.getValue();
  }

  private ByteBuffer viewOf(MemorySegment target, long length) {
    WeakReference<TargetView> reference = lastTarget;
    TargetView last = reference == null ? null : reference.get();
    // Segments are equal when they begin at the same place, whatever their length and arena.
    if (last != null
        && last.target.equals(target)
        && last.target.byteSize() == target.byteSize()
        && last.target.scope().equals(target.scope())) {
      return last.bytes;
    }
    if (target.byteSize() > Integer.MAX_VALUE) {
      return target.asSlice(0, length).asByteBuffer();
    }
    TargetView fresh = new TargetView(target, target.asByteBuffer());
    lastTarget = new WeakReference<>(fresh);
    return fresh.bytes;
  }

  /** Lends memory, with a lease that may be one that was closed long ago. */
  LeasedBlob lend(StoreGate gate, MemorySegment value, LentMemory memory) {
    LeasedBlob lease = leases.length > 0 ? nextLease() : new LeasedBlob();
    lease.open(gate, value, memory);
    return lease;
  }

  /** Returns the lease that was handed out longest ago, or another if that is still open. */
  private LeasedBlob nextLease() {
    int place = nextLease;
    nextLease = (place + 1) % LEASES;
    LeasedBlob lease = leases[place];
    if (lease == null || lease.isOpen()) {
      lease = new LeasedBlob();
      leases[place] = lease;
    }
    return lease;
  }
}
