package io.ashlar.store.read;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobReads;
import io.ashlar.store.ReadListener;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Checksum;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.read.cache.CachedBlob;
import io.ashlar.store.spi.ReadOutcomes;
import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One get whose caller is told later.
 *
 * <pre>
 *   idle ── begin ──▶ looked up ── in a buffer's reach ──▶ reading ── done, unchanged ──▶ told ──▶ idle
 *                      ▲   └── in the tier, or long ──▶ on a virtual thread ──────────────▲
 *                      └──────────────── the entry has changed ───────┘
 * </pre>
 *
 * <p>Thread: its caller's, then the one that completes reads, then any that takes it.
 */
final class AsyncGet implements ReadRequest.Completion {

  private static final BlobId NOBODY = new BlobId(0, 0);
  private static final ReadListener DEAF =
      new ReadListener() {
        @Override
        public void onRead(BlobId id, long length) {}

        @Override
        public void onFailed(BlobId id, RuntimeException failure) {}
      };

  private final AsyncReads owner;
  private final BlobReader storeReader;
  private final ReadAgent agent;
  private final ReadRequest request = new ReadRequest(this);
  private final BlobLocation location = new BlobLocation();
  private final BlobLocation now = new BlobLocation();
  private final CRC32C crc = new CRC32C();
  private BlobId id = NOBODY;
  private MemorySegment target = MemorySegment.NULL;
  private ReadListener listener = DEAF;
  private BlobReader reader; // of a snapshot while it gets from one
  private boolean permitted;
  private @Nullable PooledBuffer buffer;

  AsyncGet(AsyncReads owner, BlobReader storeReader, ReadAgent agent) {
    this.owner = owner;
    this.storeReader = storeReader;
    reader = storeReader;
    this.agent = agent;
  }

  /**
   * Begins a get.
   *
   * @param newReader finds the blob: the store's reader, or a snapshot's.
   * @param newPermitted whether to return a permit at its end.
   * @throws io.ashlar.store.BackPressureTimeoutException if no buffer came free; nothing was begun.
   */
  void begin(
      BlobReader newReader,
      BlobId newId,
      MemorySegment newTarget,
      ReadListener newListener,
      boolean newPermitted) {
    reader = newReader;
    id = newId;
    target = newTarget;
    listener = newListener;
    permitted = newPermitted;
    step();
  }

  /** Looks the blob up and begins its read. */
  private void step() {
    boolean found;
    try {
      found = reader.lookup().find(id.high(), id.low(), location);
    } catch (RuntimeException e) { // the snapshot has ended
      tell(0, e);
      return;
    }
    if (!found) {
      tell(BlobReads.NOT_FOUND, null);
      return;
    }
    long length = location.lengthBytes();
    if (target.byteSize() < length) {
      tell(0, BlobReader.tooShort(id, length, target));
      return;
    }
    CachedBlob blob = reader.findCached(id, location);
    if (blob != null) {
      BlobReader.copyAndRelease(blob, 0, length, target);
      reader.count(length);
      tell(length, null);
      return;
    }
    long bytes = Blocks.roundUp(length);
    boolean here =
        location.kind() == BlobLocation.Kind.STORED && bytes <= reader.pool().largestBytes();
    if (here) {
      agent.open();
    }
    PooledBuffer taken = here ? takeBuffer(bytes) : null;
    if (taken == null) {
      readElsewhere();
    } else {
      submit(taken, bytes);
    }
  }

  private void submit(PooledBuffer taken, long bytes) {
    buffer = taken;
    request.prepare(taken.segment(), bytes, Blocks.offset(location.startBlock()));
    boolean submitted = false;
    try {
      agent.submit(request);
      submitted = true;
    } finally {
      if (!submitted) { // and so is not under way
        buffer = null;
        taken.release();
      }
    }
  }

  /** Takes a buffer; returns null when there is none and this thread must not wait for one. */
  private @Nullable PooledBuffer takeBuffer(long bytes) {
    return agent.isAtWork() ? reader.pool().tryTake(bytes) : reader.extents().takeBuffer(bytes);
  }

  /** Has a virtual thread read it, which may wait for the tier, or for buffers. */
  private void readElsewhere() {
    var _ =
        Thread.startVirtualThread(() -> {
          long length = 0;
          RuntimeException failure = null;
          try {
            length = reader.get(id, target);
          } catch (RuntimeException | Error e) {
            failure = ReadOutcomes.failure(e);
          }
          tell(length, failure);
        });
  }

  @Override
  public void onDone(ReadRequest done) {
    PooledBuffer read = buffer;
    if (read == null) {
      throw new IllegalStateException("a read was completed that was not begun");
    }
    RuntimeException failure = null;
    boolean unchanged = false;
    try {
      unchanged = passes(read);
      if (unchanged) {
        MemorySegment.copy(read.segment(), 0, target, 0, location.lengthBytes());
        reader.addToCache(id, location, read.segment());
        reader.count(location.lengthBytes());
      }
    } catch (RuntimeException | Error e) {
      failure = ReadOutcomes.failure(e);
    } finally {
      buffer = null;
      read.release();
    }
    if (failure != null) {
      tell(0, failure);
    } else if (unchanged) {
      tell(location.lengthBytes(), null);
    } else {
      again();
    }
  }

  private boolean passes(PooledBuffer read) {
    NativeException failure = ExtentReads.failureOf(request, location);
    crc.reset();
    if (failure == null) {
      Checksum.update(crc, read.view(), 0, location.lengthBytes());
    }
    return Judgement.passes(reader.lookup(), id, location, now, failure, (int) crc.getValue());
  }

  private void again() {
    try {
      step();
    } catch (RuntimeException | Error e) {
      tell(0, ReadOutcomes.failure(e));
    }
  }

  private void tell(long length, @Nullable RuntimeException failure) {
    BlobId ofBlob = id;
    ReadListener told = listener;
    boolean withPermit = permitted;
    id = NOBODY;
    target = MemorySegment.NULL;
    listener = DEAF;
    reader = storeReader;
    try {
      owner.tell(told, ofBlob, length, failure);
    } finally {
      owner.ended(this, withPermit);
    }
  }
}
