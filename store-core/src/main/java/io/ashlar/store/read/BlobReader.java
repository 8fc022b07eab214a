package io.ashlar.store.read;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobReads;
import io.ashlar.store.disk.BufferPool;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.Lender;
import io.ashlar.store.disk.LentMemory;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.index.BlobLookup;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.store.read.cache.BlobCache;
import io.ashlar.store.read.cache.CachedBlob;
import io.ashlar.store.spi.ConfinedView;
import io.ashlar.store.spi.ReadBack;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads blobs for the calling thread. A platform thread reads itself. A virtual thread reads
 * through the {@link ReadAgent} and a buffer, because a caller's memory may be unmapped while a
 * ring writes to it.
 *
 * <p>The algorithm (rule L21): look the entry up; read its extent; look the entry up again. If the
 * whole entry is the same, its extent was not freed in between, and what was read is judged:
 * checksum, I/O error, end of file. If not, begin again. No pins, no locks.
 *
 * <p>Nothing is allocated for a blob that fits into a pooled buffer, whether it is copied or lent,
 * once a thread has read a blob of that length.
 *
 * <p>Thread: any. The caller has entered the store's gate.
 */
public final class BlobReader {

  private final BlobLookup lookup;
  private final Lender lender;
  private final StoreGate gate;
  private final StoreCounters counters;
  private final BufferPool pool;
  private final @Nullable BlobCache cache; // of the store as it is now, so not for snapshots
  private final ExtentReads extents;
  private final ReadAgent agent;
  private final EvictedReads cold; // shared with snapshots'
  private final LongLeases longLeases; // shared with snapshots'
  private final WholeRead wholeRead;
  private final ChannelCopy channelCopy;
  private final RangeRead rangeRead;

  /**
   * Creates a reader over shared parts of the store.
   *
   * @param lookup where blobs are: the index.
   * @param cache keeps frequently read blobs, if there is one.
   * @param agent reads for virtual threads.
   */
  public BlobReader(
      BlobLookup lookup,
      Disk disk,
      Lender lender,
      @Nullable BlobCache cache,
      StoreCounters counters,
      ReadAgent agent) {
    this.lookup = lookup;
    this.lender = lender;
    gate = lender.gate();
    this.counters = counters;
    pool = lender.pool();
    this.cache = cache;
    this.agent = agent;
    longLeases = new LongLeases();
    extents = new ExtentReads(lender, disk, agent);
    cold = new EvictedReads(extents);
    wholeRead = new WholeRead(lookup, extents, cold);
    channelCopy = new ChannelCopy(lookup, extents);
    rangeRead = new RangeRead(lookup, extents);
  }

  private BlobReader(BlobReader other, BlobLookup lookup) {
    this.lookup = lookup;
    lender = other.lender;
    gate = other.gate;
    counters = other.counters;
    pool = other.pool;
    cache = null;
    extents = other.extents;
    agent = other.agent;
    cold = other.cold;
    longLeases = other.longLeases;
    wholeRead = new WholeRead(lookup, extents, cold);
    channelCopy = new ChannelCopy(lookup, extents);
    rangeRead = new RangeRead(lookup, extents);
  }

  /** Returns a reader of the same store that finds blobs where a snapshot does. */
  public BlobReader of(BlobLookup snapshot) {
    return new BlobReader(this, snapshot);
  }

  /** Implements {@link BlobReads#getAll}. */
  public void getAll(List<BlobId> ids, BatchVisitor visitor) {
    gate.refuseListener();
    new BatchReads(this, agent, ids, visitor).run();
  }

  BlobLookup lookup() {
    return lookup;
  }

  BufferPool pool() {
    return pool;
  }

  ExtentReads extents() {
    return extents;
  }

  /**
   * Sets who reads evicted blobs back.
   *
   * @throws IllegalStateException if another is attached.
   */
  public void attachReadBack(ReadBack storage) {
    cold.attach(storage);
  }

  /** Ends that; nothing if {@code storage} is not the one attached. */
  public void detachReadBack(ReadBack storage) {
    cold.detach(storage);
  }

  /** Implements {@link BlobReads#length}. */
  public long length(BlobId id) {
    ReadContext context = ReadContext.take();
    try {
      BlobLocation location = context.location();
      return lookup.find(id.high(), id.low(), location)
          ? location.lengthBytes()
          : BlobReads.NOT_FOUND;
    } finally {
      context.giveBack();
    }
  }

  /** Implements {@link BlobReads#get(BlobId, MemorySegment)}. */
  public long get(BlobId id, MemorySegment target) {
    ReadContext context = ReadContext.take();
    try {
      BlobLocation location = context.location();
      while (lookup.find(id.high(), id.low(), location)) {
        long length = location.lengthBytes();
        if (target.byteSize() < length) {
          throw tooShort(id, length, target);
        }
        CachedBlob blob = cached(id, context);
        if (blob != null) {
          copyAndRelease(blob, 0, length, target);
        }
        if (blob != null || wholeRead.read(id, context, target)) {
          count(length);
          return length;
        }
      }
      return BlobReads.NOT_FOUND;
    } finally {
      context.giveBack();
    }
  }

  /** Returns the exception for a target that is too short. */
  static IllegalArgumentException tooShort(BlobId id, long length, MemorySegment target) {
    return new IllegalArgumentException(
        "the target is shorter than the bytes to copy: id="
            + id
            + ", length="
            + length
            + ", targetBytes="
            + target.byteSize());
  }

  /** Implements {@link BlobReads#get(BlobId, long, long, MemorySegment)}. */
  public long get(BlobId id, long offset, long length, MemorySegment target) {
    if (offset < 0 || length < 0) {
      throw new IllegalArgumentException(
          "offset and length must not be negative: offset=" + offset + ", length=" + length);
    }
    ReadContext context = ReadContext.take();
    try {
      BlobLocation location = context.location();
      while (lookup.find(id.high(), id.low(), location)) {
        long count = Math.clamp(location.lengthBytes() - offset, 0, length);
        if (target.byteSize() < count) {
          throw tooShort(id, count, target);
        }
        CachedBlob blob = findCached(id, location);
        if (blob != null) {
          copyAndRelease(blob, Math.min(offset, location.lengthBytes()), count, target);
          count(count);
          return count;
        }
        boolean done =
            location.kind() == BlobLocation.Kind.EVICTED
                ? copyPart(id, offset, count, target)
                : count == 0 || rangeRead.read(context, id, offset, count, target);
        if (done) {
          count(count);
          return count;
        }
      }
      return BlobReads.NOT_FOUND;
    } finally {
      context.giveBack();
    }
  }

  /** Copies a part of a blob that comes as a whole; returns false if it is another one by then. */
  private boolean copyPart(BlobId id, long offset, long count, MemorySegment target) {
    try (BlobLease lease = borrow(id)) {
      if (lease == null || Math.clamp(lease.value().byteSize() - offset, 0, count) != count) {
        return false;
      }
      MemorySegment.copy(lease.value(), offset, target, 0, count);
      return true;
    }
  }

  /**
   * Reads one version of a blob, wherever it lies by now.
   *
   * @return false when {@code id} no longer has exactly that version here.
   */
  public boolean getExactly(
      BlobId id, long version, long length, int crc32c, MemorySegment target) {
    ReadContext context = ReadContext.take();
    try {
      BlobLocation location = context.location();
      while (lookup.find(id.high(), id.low(), location)
          && location.kind() == BlobLocation.Kind.STORED
          && location.version() == version
          && location.lengthBytes() == length
          && location.crc32c() == crc32c) {
        if (wholeRead.read(id, context, target)) {
          return true;
        }
      }
      return false;
    } finally {
      context.giveBack();
    }
  }

  /**
   * Implements {@link BlobReads#get(BlobId)}. The caller counts the lease where it leaves the gate,
   * by {@link StoreGate#exit(int)}.
   */
  public @Nullable BlobLease get(BlobId id) {
    ReadContext context = ReadContext.take();
    try {
      BlobLocation location = context.location();
      while (lookup.find(id.high(), id.low(), location)) {
        CachedBlob blob = cached(id, context);
        if (blob != null) {
          return lendCached(context, blob);
        }
        boolean fits = Blocks.roundUp(location.lengthBytes()) <= pool.largestBytes();
        BlobLease lease = fits ? lendBuffer(id, context) : lendMemory(id, context);
        if (lease != null) {
          return lease;
        }
      }
      return null;
    } finally {
      context.giveBack();
    }
  }

  /**
   * Returns the blob of the entry found, from the cache or read into it; the caller releases it.
   * Returns null without a cache, without room for the blob, or if the entry has changed meanwhile.
   */
  private @Nullable CachedBlob cached(BlobId id, ReadContext context) {
    BlobCache known = cache;
    if (known == null) {
      return null;
    }
    CachedBlob blob = known.find(id, context.location());
    return blob != null ? blob : fill(known, id, context);
  }

  private @Nullable CachedBlob fill(BlobCache into, BlobId id, ReadContext context) {
    CachedBlob blob = into.reserve(context.location());
    if (blob == null) {
      return null;
    }
    boolean done = false;
    try {
      boolean read = wholeRead.readIntoRoom(id, context, blob.room());
      if (read) {
        into.add(id, blob);
        if (!wholeRead.isUnchanged(id, context)) {
          into.remove(id, blob); // L21: nobody would be served it, but it would stay
        }
      }
      done = read;
    } finally {
      if (!done) {
        blob.release();
      }
    }
    return done ? blob : null;
  }

  /** Returns the cached blob of an entry, or null. */
  @Nullable CachedBlob findCached(BlobId id, BlobLocation location) {
    BlobCache known = cache;
    return known == null ? null : known.find(id, location);
  }

  /** Lets the cache keep a blob that was read without it. */
  void addToCache(BlobId id, BlobLocation location, MemorySegment bytes) {
    BlobCache known = cache;
    if (known != null) {
      known.addCopy(id, location, bytes);
    }
  }

  /** Copies a part of a cached blob. */
  static void copyAndRelease(CachedBlob blob, long offset, long count, MemorySegment target) {
    try {
      MemorySegment.copy(blob.value(), offset, target, 0, count);
    } finally {
      blob.release();
    }
  }

  private BlobLease lendCached(ReadContext context, CachedBlob blob) {
    BlobLease lease = null;
    try {
      count(blob.value().byteSize());
      lease = lend(context, blob.value(), blob);
      return lease;
    } finally {
      if (lease == null) {
        blob.release();
      }
    }
  }

  /** Reads a blob into a buffer and lends that; returns null if the entry changed meanwhile. */
  private @Nullable BlobLease lendBuffer(BlobId id, ReadContext context) {
    long length = context.location().lengthBytes();
    PooledBuffer buffer = extents.takeBufferFor(length);
    BlobLease lease = null;
    try {
      if (wholeRead.readIntoBuffer(id, context, buffer)) {
        count(length);
        buffer.useFor(PooledBuffer.Use.LEASE);
        lease = lend(context, buffer.readOnly(length), buffer);
      }
      return lease;
    } finally {
      if (lease == null) {
        buffer.release();
      }
    }
  }

  /**
   * Reads a blob longer than any buffer into memory of its own and lends that; returns null if the
   * entry changed meanwhile.
   */
  private @Nullable BlobLease lendMemory(BlobId id, ReadContext context) {
    long length = context.location().lengthBytes();
    LongLeases.LongLease memory = longLeases.reserve(Blocks.roundUp(length));
    BlobLease lease = null;
    try {
      if (wholeRead.read(id, context, memory.memory())) {
        count(length);
        lease = lend(context, memory.memory().asSlice(0, length).asReadOnly(), memory);
      }
      return lease;
    } finally {
      if (lease == null) {
        memory.release();
      }
    }
  }

  private BlobLease lend(ReadContext context, MemorySegment value, LentMemory memory) {
    return pool.checks() || lender.traces() != null
        ? new CheckedLease(gate, value, memory, pool.checks(), lender.traces())
        : context.lend(gate, value, memory);
  }

  /** Leases a blob for the store itself, which closes it within the same call. */
  @Nullable BlobLease borrow(BlobId id) {
    BlobLease lease = get(id);
    if (lease != null) {
      gate.countLease();
    }
    return lease;
  }

  /** Shows a visitor memory that is lent to it for the call; with checks, for no longer. */
  void show(BatchVisitor visitor, int index, BlobId id, MemorySegment value) {
    if (pool.checks()) {
      try (ConfinedView view = new ConfinedView(value)) {
        visitor.onBlob(index, id, view.value());
      }
    } else {
      visitor.onBlob(index, id, value);
    }
  }

  /** Returns the memory that leases of long blobs hold. */
  public long longLeaseBytes() {
    return longLeases.bytes();
  }

  /** Unmaps the memory of leases of long blobs that are still open, as {@link LongLeases#close}. */
  public void closeLongLeases() {
    longLeases.close();
  }

  /** Implements {@link BlobReads#get(BlobId, WritableByteChannel)}. */
  public long get(BlobId id, WritableByteChannel target) throws IOException {
    BlobLocation location = new BlobLocation();
    while (lookup.find(id.high(), id.low(), location)) {
      long length = location.lengthBytes();
      if (location.kind() == BlobLocation.Kind.STORED && length > pool.largestBytes()) {
        long copied = copyLong(id, location, target);
        if (copied >= 0) {
          count(length);
          return length;
        }
      } else {
        BlobLease lease = borrow(id);
        if (lease != null) {
          try (lease) {
            ChannelCopy.writeFully(target, lease.value());
            return lease.value().byteSize();
          }
        }
      }
    }
    return BlobReads.NOT_FOUND;
  }

  private long copyLong(BlobId id, BlobLocation location, WritableByteChannel target)
      throws IOException {
    ReadContext context = ReadContext.take();
    try {
      return channelCopy.copy(context, id, location, target);
    } finally {
      context.giveBack();
    }
  }

  /** Counts a blob that was read. */
  void count(long length) {
    counters.reads.increment();
    counters.bytesRead.add(length);
  }
}
