package io.ashlar.store.commit;

import io.ashlar.store.AckListener;
import io.ashlar.store.Admission;
import io.ashlar.store.BlobId;
import io.ashlar.store.CommitReport;
import io.ashlar.store.Epoch;
import io.ashlar.store.commit.epoch.EpochBuffer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ReadableByteChannel;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The caller's handle of one epoch: names the buffer and the use of it.
 *
 * <pre>
 *   open ──commit──▶ ended           open ──close──▶ ended
 *     └──a put fails half-way──▶ broken ──close──▶ ended ──begin──▶ open
 * </pre>
 *
 * <p>A buffer outlives its epoch and is reused by any caller. A handle is reused only by its own
 * caller, on request, because no one else knows when that caller has released it.
 *
 * <p>Thread: one, the caller's.
 */
final class LocalEpoch implements Epoch {

  private final EpochWriter writer;
  private EpochBuffer buffer;
  private long stamp;
  private @Nullable Thread owner; // with checks: who began it

  /** Creates the handle of the epoch for which {@code buffer} was begun last. */
  LocalEpoch(EpochWriter writer, EpochBuffer buffer) {
    this.writer = writer;
    this.buffer = buffer;
    stamp = buffer.stamp();
    owner = writer.checks() ? Thread.currentThread() : null;
  }

  /** Returns its buffer, to the thread that it belongs to. */
  private EpochBuffer buffer() {
    Thread expected = owner;
    if (expected != null && !expected.equals(Thread.currentThread())) {
      throw new WrongThreadException(
          "an epoch belongs to the thread that began it: owner="
              + expected.getName()
              + ", caller="
              + Thread.currentThread().getName());
    }
    return buffer;
  }

  @Override
  public void begin() {
    if (buffer.isUnended(stamp)) {
      throw new IllegalStateException("the epoch is still open: commit or close it first");
    }
    buffer = writer.begin();
    stamp = buffer.stamp();
    owner = writer.checks() ? Thread.currentThread() : null;
  }

  @Override
  public void put(BlobId id, MemorySegment value) {
    writer.put(buffer(), stamp, id, value);
  }

  @Override
  public void put(BlobId id, ReadableByteChannel source, long length) throws IOException {
    writer.put(buffer(), stamp, id, source, length);
  }

  @Override
  public MemorySegment claim(BlobId id, long length) {
    return writer.claim(buffer(), stamp, id, length);
  }

  @Override
  public void finish(MemorySegment claim) {
    writer.finish(buffer(), stamp, claim);
  }

  @Override
  public Admission tryPut(BlobId id, MemorySegment value) {
    return writer.tryPut(buffer(), stamp, id, value);
  }

  @Override
  public @Nullable MemorySegment tryClaim(BlobId id, long length) {
    return writer.tryClaim(buffer(), stamp, id, length);
  }

  @Override
  public void delete(BlobId id) {
    writer.delete(buffer(), stamp, id);
  }

  @Override
  public int operationCount() {
    return writer.operationCount(buffer(), stamp);
  }

  @Override
  public long valueBytes() {
    return writer.valueBytes(buffer(), stamp);
  }

  @Override
  public long commit() {
    return writer.commit(buffer(), stamp);
  }

  @Override
  public void commit(AckListener listener) {
    writer.commit(buffer(), stamp, listener);
  }

  @Override
  public Admission tryCommit(AckListener listener) {
    return writer.tryCommit(buffer(), stamp, listener);
  }

  @Override
  public CompletableFuture<CommitReport> commitAsync() {
    CommitFuture future = new CommitFuture(writer.gate().callbacks());
    writer.commit(buffer(), stamp, future);
    return future;
  }

  @Override
  public void close() {
    writer.close(buffer, stamp);
  }
}
