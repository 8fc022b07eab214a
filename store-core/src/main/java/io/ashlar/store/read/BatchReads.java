package io.ashlar.store.read;

import io.ashlar.store.BackPressureTimeoutException;
import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreException;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.read.cache.CachedBlob;
import io.ashlar.store.spi.Uninterrupted;
import io.ashlar.uring.NativeException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jctools.queues.varhandle.MpscVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * Reads many blobs for one caller, some of them at once, and shows it each as it comes.
 *
 * <p>Thread: the caller's; made for one batch.
 */
final class BatchReads {

  /** Blobs read at once. */
  private static final int WINDOW = 32;

  /** The outcome of an attempt to begin a read. */
  private enum Begun {
    UNDER_WAY,
    SETTLED,
    NO_BUFFER
  }

  /** One read of the window. */
  private final class Slot implements ReadRequest.Completion {
    private final ReadRequest request = new ReadRequest(this);
    private final BlobLocation location = new BlobLocation();
    private @Nullable PooledBuffer buffer;
    private int index;

    @Override
    public void onDone(ReadRequest done) {
      completed.add(this);
      LockSupport.unpark(caller);
    }
  }

  private final BlobReader reader;
  private final ReadAgent agent;
  private final List<BlobId> ids;
  private final BatchVisitor visitor;
  private final Thread caller = Thread.currentThread();
  private final ArrayDeque<Slot> idle = new ArrayDeque<>(WINDOW);
  private final MpscVarHandleArrayQueue<Slot> completed = new MpscVarHandleArrayQueue<>(WINDOW);
  private final BooleanSupplier hasCompleted = this::hasCompleted;
  private final BlobLocation now = new BlobLocation();
  private int underWay;

  BatchReads(BlobReader reader, ReadAgent agent, List<BlobId> ids, BatchVisitor visitor) {
    this.reader = reader;
    this.agent = agent;
    this.ids = ids;
    this.visitor = visitor;
    for (int i = 0; i < WINDOW; i++) {
      idle.add(new Slot());
    }
  }

  /** Reads all of them. */
  void run() {
    agent.open();
    int next = 0;
    try {
      while (next < ids.size() || underWay > 0) {
        while (next < ids.size() && !idle.isEmpty()) {
          Slot slot = idle.removeLast();
          slot.index = next;
          if (begin(slot) == Begun.NO_BUFFER) {
            break; // as soon as one of those under way has given its own back
          }
          next++;
        }
        if (underWay > 0) {
          finish(await());
        }
      }
    } finally {
      while (underWay > 0) { // the visitor threw
        release(await());
      }
    }
  }

  private Begun begin(Slot slot) {
    BlobId id = ids.get(slot.index);
    BlobLocation location = slot.location;
    if (!reader.lookup().find(id.high(), id.low(), location)) {
      idle.addLast(slot);
      visitor.onMissing(slot.index, id);
      return Begun.SETTLED;
    }
    CachedBlob blob = reader.findCached(id, location);
    if (blob != null) {
      idle.addLast(slot);
      showCached(slot.index, id, blob);
      return Begun.SETTLED;
    }
    long bytes = Blocks.roundUp(location.lengthBytes());
    if (location.kind() != BlobLocation.Kind.STORED || bytes > reader.pool().largestBytes()) {
      idle.addLast(slot);
      readHere(slot.index, id);
      return Begun.SETTLED;
    }
    PooledBuffer buffer;
    try {
      buffer = underWay > 0 ? reader.pool().tryTake(bytes) : reader.extents().takeBuffer(bytes);
    } catch (BackPressureTimeoutException e) {
      idle.addLast(slot);
      visitor.onFailed(slot.index, id, e);
      return Begun.SETTLED;
    }
    if (buffer == null) {
      idle.addLast(slot);
      return Begun.NO_BUFFER;
    }
    slot.buffer = buffer;
    slot.request.prepare(buffer.segment(), bytes, Blocks.offset(location.startBlock()));
    submit(slot);
    return Begun.UNDER_WAY;
  }

  private void submit(Slot slot) {
    underWay++;
    boolean submitted = false;
    try {
      agent.submit(slot.request);
      submitted = true;
    } finally {
      if (!submitted) { // and so is not under way
        underWay--;
        release(slot);
      }
    }
  }

  private void showCached(int index, BlobId id, CachedBlob blob) {
    try {
      reader.count(blob.value().byteSize());
      reader.show(visitor, index, id, blob.value());
    } finally {
      blob.release();
    }
  }

  /** Reads a blob that is in the tier, or longer than a buffer, on this thread. */
  private void readHere(int index, BlobId id) {
    BlobLease lease;
    try {
      lease = reader.borrow(id);
    } catch (StoreException e) {
      visitor.onFailed(index, id, e);
      return;
    }
    if (lease == null) {
      visitor.onMissing(index, id);
    } else {
      try (lease) {
        visitor.onBlob(index, id, lease.value());
      }
    }
  }

  private boolean hasCompleted() {
    return !completed.isEmpty();
  }

  private Slot await() {
    Slot slot = completed.poll();
    while (slot == null) {
      Uninterrupted.parkUntil(this, hasCompleted);
      slot = completed.poll();
    }
    underWay--;
    return slot;
  }

  private void release(Slot slot) {
    PooledBuffer buffer = slot.buffer;
    slot.buffer = null;
    if (buffer != null) {
      buffer.release();
    }
    idle.addLast(slot);
  }

  private void finish(Slot slot) {
    int index = slot.index;
    BlobId id = ids.get(index);
    boolean settled = true;
    try {
      settled = settle(slot, id);
    } finally {
      release(slot);
    }
    if (!settled) {
      readHere(index, id);
    }
  }

  /** Shows what was read, or why it failed; returns false if the entry changed meanwhile. */
  private boolean settle(Slot slot, BlobId id) {
    PooledBuffer buffer = slot.buffer;
    if (buffer == null) {
      return false;
    }
    boolean passes;
    try {
      passes = passes(slot, id, buffer);
    } catch (CorruptionException damage) {
      visitor.onFailed(slot.index, id, damage);
      return true;
    }
    if (passes) {
      long length = slot.location.lengthBytes();
      reader.count(length);
      reader.addToCache(id, slot.location, buffer.segment());
      reader.show(visitor, slot.index, id, buffer.readOnly(length));
    }
    return passes;
  }

  private boolean passes(Slot slot, BlobId id, PooledBuffer buffer) {
    BlobLocation location = slot.location;
    NativeException failure = ExtentReads.failureOf(slot.request, location);
    ReadContext context = ReadContext.take();
    try {
      int actual = failure == null ? context.crc32c(buffer.view(), location.lengthBytes()) : 0;
      return Judgement.passes(reader.lookup(), id, location, now, failure, actual);
    } finally {
      context.giveBack();
    }
  }
}
