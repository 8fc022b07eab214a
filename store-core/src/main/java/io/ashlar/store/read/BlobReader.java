package io.ashlar.store.read;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.disk.BufferPool;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Checksum;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.index.BlobLookup;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.ColdStorage;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads blobs on the caller's thread.
 *
 * <p>The algorithm (rule L21): look the entry up; read its extent; look the entry up again. If the
 * whole entry is the same, its extent was not freed in between, and what was read is judged:
 * checksum, I/O error, end of file. If not, begin again. No pins, no locks.
 *
 * <p>Thread: any. The caller has entered the store's gate.
 */
public final class BlobReader {

  private final BlobLookup lookup;
  private final Disk disk;
  private final BufferPool pool;
  private final StoreGate gate;
  private final StoreCounters counters;
  private final long backPressureTimeoutMs;
  private final AtomicReference<@Nullable ColdStorage> coldStorage; // shared with snapshots'

  /**
   * Creates a reader over the store's parts, all of which it shares.
   *
   * @param lookup where blobs are: the index.
   */
  public BlobReader(
      BlobLookup lookup,
      Disk disk,
      BufferPool pool,
      StoreGate gate,
      StoreCounters counters,
      long backPressureTimeoutMs) {
    this.lookup = lookup;
    this.disk = disk;
    this.pool = pool;
    this.gate = gate;
    this.counters = counters;
    this.backPressureTimeoutMs = backPressureTimeoutMs;
    coldStorage = new AtomicReference<>();
  }

  private BlobReader(BlobReader other, BlobLookup lookup) {
    this.lookup = lookup;
    disk = other.disk;
    pool = other.pool;
    gate = other.gate;
    counters = other.counters;
    backPressureTimeoutMs = other.backPressureTimeoutMs;
    coldStorage = other.coldStorage;
  }

  /** Returns a reader of the same store that finds blobs where a snapshot does. */
  public BlobReader of(BlobLookup snapshot) {
    return new BlobReader(this, snapshot);
  }

  /** Sets who reads evicted blobs back. */
  public void coldStorage(@Nullable ColdStorage storage) {
    coldStorage.set(storage);
  }

  /** Implements {@link BlobStore#get(BlobId, MemorySegment)}. */
  public long get(BlobId id, MemorySegment target) {
    BlobLocation location = new BlobLocation();
    while (lookup.find(id.high(), id.low(), location)) {
      long length = location.lengthBytes();
      if (target.byteSize() < length) {
        throw new IllegalArgumentException(
            "the target is shorter than the blob: id="
                + id
                + ", length="
                + length
                + ", targetBytes="
                + target.byteSize());
      }
      if (read(id, location, target)) {
        count(length);
        return length;
      }
    }
    return BlobStore.NOT_FOUND;
  }

  /**
   * Reads one version of a blob, wherever it lies by now.
   *
   * @return false when {@code id} no longer has exactly that version here.
   */
  public boolean getExactly(
      BlobId id, long version, long length, int crc32c, MemorySegment target) {
    BlobLocation location = new BlobLocation();
    while (lookup.find(id.high(), id.low(), location)
        && location.kind() == BlobLocation.Kind.STORED
        && location.version() == version
        && location.lengthBytes() == length
        && location.crc32c() == crc32c) {
      if (read(id, location, target)) {
        return true;
      }
    }
    return false;
  }

  /** Implements {@link BlobStore#get(BlobId)}. */
  public @Nullable BlobLease get(BlobId id) {
    BlobLocation location = new BlobLocation();
    while (lookup.find(id.high(), id.low(), location)) {
      long length = location.lengthBytes();
      long bytes = Blocks.roundUp(length);
      if (bytes <= pool.largestBytes()) {
        PooledBuffer buffer = takeBuffer(bytes);
        if (readOrGiveBack(id, location, buffer.segment(), buffer::release)) {
          count(length);
          return new LeasedBlob(
              gate, buffer.segment().asSlice(0, length).asReadOnly(), buffer::release);
        }
      } else {
        NativeMemory memory = NativeMemory.reserve(bytes);
        if (readOrGiveBack(id, location, memory.segment(), memory::close)) {
          count(length);
          return new LeasedBlob(
              gate, memory.segment().asSlice(0, length).asReadOnly(), memory::close);
        }
      }
    }
    return null;
  }

  private boolean readOrGiveBack(
      BlobId id, BlobLocation location, MemorySegment target, Runnable giveBack) {
    boolean done = false;
    try {
      done = read(id, location, target);
    } finally {
      if (!done) {
        giveBack.run();
      }
    }
    return done;
  }

  /** Implements {@link BlobStore#get(BlobId, WritableByteChannel)}. */
  public long get(BlobId id, WritableByteChannel target) throws IOException {
    BlobLocation location = new BlobLocation();
    while (lookup.find(id.high(), id.low(), location)) {
      long length = location.lengthBytes();
      if (location.kind() == BlobLocation.Kind.STORED && length > pool.largestBytes()) {
        long copied = copyInParts(id, location, target);
        if (copied >= 0) {
          count(length);
          return length;
        }
      } else {
        BlobLease lease = get(id);
        if (lease != null) {
          try (lease) {
            writeFully(target, lease.value());
            return lease.value().byteSize();
          }
        }
      }
    }
    return BlobStore.NOT_FOUND;
  }

  /**
   * Copies a long blob part by part; returns −1 if it changed before the first part was written.
   */
  private long copyInParts(BlobId id, BlobLocation location, WritableByteChannel target)
      throws IOException {
    PooledBuffer buffer = takeBuffer(pool.largestBytes());
    try {
      CRC32C crc = new CRC32C();
      for (long offset = 0; offset < location.lengthBytes(); offset += buffer.capacity()) {
        long bytes = Math.min(buffer.capacity(), location.lengthBytes() - offset);
        NativeException failure = readPart(location, offset, buffer.segment(), bytes);
        while (!isUnchanged(id, location)) {
          if (offset == 0) {
            return -1;
          }
          if (!follow(id, location)) {
            throw new IOException(
                "the blob was replaced while it was copied: read it again: id=" + id);
          }
          failure = readPart(location, offset, buffer.segment(), bytes);
        }
        if (failure != null) {
          throw damaged(id, location, -1, failure);
        }
        MemorySegment part = buffer.segment().asSlice(0, bytes);
        Checksum.update(crc, part);
        writeFully(target, part);
      }
      if ((int) crc.getValue() != location.crc32c()) {
        throw damaged(id, location, crc.getValue(), null);
      }
      return location.lengthBytes();
    } finally {
      buffer.release();
    }
  }

  /** Goes on at the place where a blob was moved to; returns false if it is not the same blob. */
  private boolean follow(BlobId id, BlobLocation location) {
    BlobLocation now = new BlobLocation();
    boolean same =
        lookup.find(id.high(), id.low(), now)
            && now.kind() == BlobLocation.Kind.STORED
            && now.version() == location.version()
            && now.lengthBytes() == location.lengthBytes()
            && now.crc32c() == location.crc32c();
    if (same) {
      location.setTo(now);
    }
    return same;
  }

  private static void writeFully(WritableByteChannel target, MemorySegment bytes)
      throws IOException {
    ByteBuffer buffer = bytes.asByteBuffer();
    while (buffer.hasRemaining()) {
      var _ = target.write(buffer);
    }
  }

  /** Reads the whole blob and judges it; returns false if the entry changed meanwhile. */
  private boolean read(BlobId id, BlobLocation location, MemorySegment target) {
    long length = location.lengthBytes();
    if (location.kind() == BlobLocation.Kind.EVICTED) {
      return fetch(id, location, target.asSlice(0, length));
    }
    boolean direct =
        target.isNative()
            && !target.isReadOnly()
            && target.byteSize() >= Blocks.roundUp(length)
            && target.address() % Blocks.BYTES == 0;
    CRC32C crc = new CRC32C();
    NativeException failure =
        direct ? readPart(location, 0, target, length) : readThroughPool(location, target, crc);
    if (!isUnchanged(id, location)) {
      return false;
    }
    if (failure != null) {
      throw damaged(id, location, -1, failure);
    }
    long actual =
        direct ? Checksum.crc32c(target.asSlice(0, length)) & 0xffff_ffffL : crc.getValue();
    if ((int) actual != location.crc32c()) {
      throw damaged(id, location, actual, null);
    }
    return true;
  }

  private @Nullable NativeException readThroughPool(
      BlobLocation location, MemorySegment target, CRC32C crc) {
    long length = location.lengthBytes();
    PooledBuffer buffer = takeBuffer(Math.min(pool.largestBytes(), Blocks.roundUp(length)));
    try {
      for (long offset = 0; offset < length; offset += buffer.capacity()) {
        long bytes = Math.min(buffer.capacity(), length - offset);
        NativeException failure = readPart(location, offset, buffer.segment(), bytes);
        if (failure != null) {
          return failure;
        }
        MemorySegment part = buffer.segment().asSlice(0, bytes);
        Checksum.update(crc, part);
        MemorySegment.copy(part, 0, target, offset, bytes);
      }
      return null;
    } finally {
      buffer.release();
    }
  }

  /**
   * Reads whole blocks from {@code offset} of the blob on; returns a failure instead of throwing.
   */
  private @Nullable NativeException readPart(
      BlobLocation location, long offset, MemorySegment target, long bytes) {
    if (bytes == 0) {
      return null;
    }
    long fileOffset = Blocks.offset(location.startBlock()) + offset;
    try {
      long read = disk.read(target.asSlice(0, Blocks.roundUp(bytes)), fileOffset);
      return read >= bytes
          ? null
          : new NativeException("pread", 0, "end of file at offset=" + (fileOffset + read));
    } catch (NativeException e) {
      return e;
    }
  }

  private boolean isUnchanged(BlobId id, BlobLocation location) {
    BlobLocation now = new BlobLocation();
    return lookup.find(id.high(), id.low(), now) && now.sameAs(location); // L21
  }

  private boolean fetch(BlobId id, BlobLocation location, MemorySegment target) {
    ColdStorage storage = coldStorage.get();
    if (storage == null) {
      throw new TierUnavailableException(
          "the blob is in the tier only and no tier is open: open the store with its tier: id="
              + id,
          null);
    }
    ColdReference reference =
        new ColdReference(location.cold0(), location.cold1(), location.cold2());
    try {
      storage.fetch(id, reference, target);
    } catch (CorruptionException e) {
      if (!isUnchanged(id, location)) {
        return false;
      }
      throw e;
    }
    if (!isUnchanged(id, location)) {
      return false;
    }
    int actual =
        target.isNative() || target.byteSize() == 0 ? Checksum.crc32c(target) : heapCrc(target);
    if (actual != location.crc32c()) {
      throw damaged(id, location, actual & 0xffff_ffffL, null);
    }
    return true;
  }

  private int heapCrc(MemorySegment target) {
    CRC32C crc = new CRC32C();
    PooledBuffer buffer = takeBuffer(Math.min(pool.largestBytes(), target.byteSize()));
    try {
      for (long offset = 0; offset < target.byteSize(); offset += buffer.capacity()) {
        long bytes = Math.min(buffer.capacity(), target.byteSize() - offset);
        MemorySegment.copy(target, offset, buffer.segment(), 0, bytes);
        Checksum.update(crc, buffer.segment().asSlice(0, bytes));
      }
      return (int) crc.getValue();
    } finally {
      buffer.release();
    }
  }

  private PooledBuffer takeBuffer(long bytes) {
    PooledBuffer buffer = pool.tryTake(bytes);
    return buffer != null
        ? buffer
        : pool.take(
            bytes, System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(backPressureTimeoutMs));
  }

  private void count(long length) {
    counters.reads.increment();
    counters.bytesRead.add(length);
  }

  private static CorruptionException damaged(
      BlobId id, BlobLocation location, long actual, @Nullable NativeException cause) {
    long expected = location.crc32c() & 0xffff_ffffL;
    return new CorruptionException(
        "blob is damaged: restore it from the tier or a backup: id="
            + id
            + ", block="
            + location.startBlock()
            + ", length="
            + location.lengthBytes()
            + (cause == null
                ? ", checksum expected=%08x, actual=%08x".formatted(expected, actual)
                : ", " + cause.getMessage()),
        id,
        location.startBlock(),
        expected,
        actual,
        cause);
  }
}
