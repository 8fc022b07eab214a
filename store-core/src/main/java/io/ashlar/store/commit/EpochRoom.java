package io.ashlar.store.commit;

import io.ashlar.store.BackPressureTimeoutException;
import io.ashlar.store.commit.epoch.EpochBuffer;
import io.ashlar.store.commit.epoch.EpochClaims;
import io.ashlar.store.commit.epoch.EpochValues;
import io.ashlar.store.commit.epoch.Quota;
import io.ashlar.store.disk.BufferPool;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.ChecksumTable;
import io.ashlar.store.spi.Driving;
import org.jspecify.annotations.Nullable;

/**
 * Finds room in pooled buffers for the values of epochs. When the pool runs short, or an epoch
 * holds as much as one gathered write carries, the filled buffers are written ahead. Half-filled
 * epochs therefore cannot block one another forever.
 *
 * <p>Only open claims pin buffers. They are bounded twice. An epoch gets no more claims once its
 * open ones hold as much as one gathered write carries, or a quarter of the pool. The buffers with
 * claims of all epochs take at most three quarters of the pool, so some of 64 KiB or more are never
 * pinned. A put needs no larger buffer. It streams if an open claim of its epoch may hold the
 * buffer that it would wait for.
 *
 * <p>Thread: an epoch's caller.
 */
final class EpochRoom {

  /** The result of {@link #take} for a value that must stream. */
  static final long NO_ROOM = -1;

  private static final int BUFFERS_MAX = 512;
  private static final long FULL_PARK_NS = 100_000;

  /**
   * The bytes of an epoch that are written ahead in one piece, if pool and group allow it. Smaller
   * pieces slow the device by more than the overlap with filling gains (record 0037).
   */
  private static final long AHEAD_BYTES_MIN = 8 << 20;

  private final EpochCommits commits;
  private final BufferPool pool;
  private final EpochSpill spill;
  private final Quota claimQuota;
  private final long groupBytesMax;
  private final long aheadBytesMin;
  private final long openBytesMax;

  EpochRoom(
      EpochCommits commits,
      BufferPool pool,
      EpochSpill spill,
      Quota claimQuota,
      long groupBytesMax) {
    this.commits = commits;
    this.pool = pool;
    this.spill = spill;
    this.claimQuota = claimQuota;
    this.groupBytesMax = groupBytesMax;
    aheadBytesMin = Math.min(AHEAD_BYTES_MIN, Math.min(groupBytesMax / 2, pool.totalBytes() / 8));
    openBytesMax = Math.min(groupBytesMax, pool.totalBytes() / 4);
  }

  /** Returns the bytes of a pool that the buffers of all claims may take. */
  static long claimQuotaBytes(BufferPool pool) {
    return pool.totalBytes() / 4 * 3;
  }

  // ---- values that are copied

  /**
   * Finds room for a value, 1 byte or longer, and waits for it if it must.
   *
   * @return its offset in its buffer, or {@link #NO_ROOM} if it must stream because open claims of
   *     the epoch may hold the buffer that it would wait for.
   * @throws BackPressureTimeoutException if no buffer became free until the deadline.
   */
  long take(EpochBuffer buffer, long length) {
    EpochValues values = buffer.values();
    writeAheadWhenDue(buffer, values.freeBytes(), length);
    long offset = tryTake(buffer, length);
    if (offset >= 0) {
      return offset;
    }
    spill.write(buffer);
    spill.awaitWrites(buffer);
    if (buffer.claims().areOpen() && length > EpochSpill.CHUNK_BYTES_MIN) {
      return tryTake(buffer, length);
    }
    PooledBuffer taken = spill.awaitBuffer(Blocks.roundUp(length));
    PooledBuffer tableBuffer = awaitTableBuffer(taken, length);
    values.add(taken, 0);
    return values.takeFor(length, tableBuffer);
  }

  /** Finds room if that takes neither waiting nor writing; else returns {@link #NO_ROOM}. */
  long tryTake(EpochBuffer buffer, long length) {
    long bytes = Blocks.roundUp(length);
    EpochValues values = buffer.values();
    if (values.freeBytes() >= bytes + tableBytes(length)) {
      return values.takeFor(length, null);
    }
    PooledBuffer taken = values.count() < BUFFERS_MAX ? tryTakeBuffer(values, bytes) : null;
    if (taken == null) {
      return NO_ROOM;
    }
    PooledBuffer tableBuffer = null;
    if (needsTableBuffer(taken, length)) {
      tableBuffer = pool.tryTake(tableBytes(length));
      if (tableBuffer == null) {
        taken.release();
        return NO_ROOM;
      }
    }
    values.add(taken, 0);
    return values.takeFor(length, tableBuffer);
  }

  /** Takes a buffer of twice the last one's size, else any that fits, if there is one. */
  private @Nullable PooledBuffer tryTakeBuffer(EpochValues values, long bytes) {
    long wanted = Math.clamp(2 * values.lastCapacity(), bytes, pool.largestBytes());
    PooledBuffer taken = pool.tryTake(wanted);
    return taken == null && wanted > bytes ? pool.tryTake(bytes) : taken;
  }

  // ---- claims

  /**
   * Finds room for a claim, 1 byte or longer, and waits for it if it must.
   *
   * @return its offset in its buffer.
   * @throws IllegalArgumentException if the epoch's open claims have reached their limit.
   * @throws BackPressureTimeoutException if no buffer became free, or the claims of other epochs
   *     held the common limit, until the deadline.
   */
  long takeClaim(EpochBuffer buffer, long length) {
    EpochClaims claims = buffer.claims();
    if (claims.openBytes() >= openBytesMax) {
      throw new IllegalArgumentException(
          "the epoch's open claims have reached their limit: finish some, commit the epoch and"
              + " begin another, or raise groupBytesMax and poolBytes: openClaimBytesMax="
              + openBytesMax
              + ", openClaimBytes="
              + claims.openBytes());
    }
    writeAheadWhenDue(buffer, claims.freeBytes(), length);
    long offset = tryTakeClaim(buffer, length);
    return offset >= 0 ? offset : awaitClaim(buffer, length);
  }

  /** Finds room if that takes neither waiting nor writing; else returns {@link #NO_ROOM}. */
  long tryTakeClaim(EpochBuffer buffer, long length) {
    EpochClaims claims = buffer.claims();
    if (claims.openBytes() >= openBytesMax) {
      return NO_ROOM;
    }
    if (claims.freeBytes() >= extentBytes(length)) {
      return claims.values().takeFor(length, null);
    }
    PooledBuffer taken = tryTakeClaimBuffer(claims, Blocks.roundUp(length));
    if (taken == null) {
      return NO_ROOM;
    }
    PooledBuffer tableBuffer = null;
    if (needsTableBuffer(taken, length)) {
      tableBuffer = pool.tryTake(tableBytes(length));
      if (tableBuffer == null) {
        taken.release();
        return NO_ROOM;
      }
    }
    return addCounted(claims, length, taken, tableBuffer);
  }

  /** Takes a buffer of twice the last one's size if many are free, as it may be pinned for long. */
  private @Nullable PooledBuffer tryTakeClaimBuffer(EpochClaims claims, long bytes) {
    long wanted = 2 * claims.values().lastCapacity();
    PooledBuffer taken = wanted > bytes ? pool.tryTakeSpare(wanted) : null;
    return taken != null ? taken : pool.tryTake(bytes);
  }

  /** Adds buffers if the quota has room for them, else returns them to the pool. */
  private static long addCounted(
      EpochClaims claims, long length, PooledBuffer taken, @Nullable PooledBuffer tableBuffer) {
    if (claims.tryCount(capacity(taken, tableBuffer))) {
      claims.values().add(taken, 0);
      return claims.values().takeFor(length, tableBuffer);
    }
    if (tableBuffer != null) {
      tableBuffer.release();
    }
    taken.release();
    return NO_ROOM;
  }

  private long awaitClaim(EpochBuffer buffer, long length) {
    spill.write(buffer);
    spill.awaitWrites(buffer);
    long begunNs = spill.nowNs();
    try {
      return awaitClaim(buffer.claims(), length, spill.deadlineNs());
    } finally {
      spill.waitedForBuffers(begunNs);
    }
  }

  private long awaitClaim(EpochClaims claims, long length, long deadline) {
    long needed = extentBytes(length);
    while (true) {
      awaitQuota(claims, needed, deadline);
      PooledBuffer taken = pool.take(Blocks.roundUp(length), deadline);
      PooledBuffer tableBuffer = awaitTableBuffer(taken, length);
      needed = capacity(taken, tableBuffer); // it may have been a larger one
      long offset = addCounted(claims, length, taken, tableBuffer);
      if (offset >= 0) {
        return offset;
      }
    }
  }

  private void awaitQuota(EpochClaims claims, long needed, long deadline) {
    while (!claimQuota.hasLeft(needed)) {
      if (System.nanoTime() - deadline >= 0) {
        throw new BackPressureTimeoutException(
            "claims held their limit of the pool until the deadline: finish claims, commit or close"
                + " their epochs, or raise poolBytes or backPressureTimeoutMs: claimedBytesMax="
                + claimQuota.max()
                + ", claimedBytes="
                + claimQuota.taken()
                + ", claimedByThisEpochBytes="
                + claims.countedBytes()
                + ", neededBytes="
                + needed,
            null);
      }
      Driving.pause(this, FULL_PARK_NS);
    }
  }

  // ---- both

  /**
   * Has the filled buffers written ahead if that is worthwhile, or if they hold as much as a group
   * carries.
   */
  private void writeAheadWhenDue(EpochBuffer buffer, long freeBytes, long length) {
    long writable = Blocks.offset(buffer.writableBlocks());
    if (writable >= aheadBytesMin && commits.isIdle()) {
      spill.begin(buffer);
      writable = Blocks.offset(buffer.writableBlocks());
    }
    long bytes = extentBytes(length);
    if (writable > 0
        && freeBytes < bytes
        && (writable + bytes > groupBytesMax || buffer.writableBuffers() >= BUFFERS_MAX)) {
      spill.write(buffer);
    }
  }

  /** Waits for a buffer for a table, if {@code taken} has no room after its value. */
  private @Nullable PooledBuffer awaitTableBuffer(PooledBuffer taken, long length) {
    if (!needsTableBuffer(taken, length)) {
      return null;
    }
    try {
      return spill.awaitBuffer(tableBytes(length));
    } catch (RuntimeException | Error e) {
      taken.release();
      throw e;
    }
  }

  private static boolean needsTableBuffer(PooledBuffer taken, long length) {
    return taken.capacity() < extentBytes(length);
  }

  private static long capacity(PooledBuffer taken, @Nullable PooledBuffer tableBuffer) {
    return taken.capacity() + (tableBuffer == null ? 0 : tableBuffer.capacity());
  }

  private static long tableBytes(long length) {
    return ChecksumTable.isFor(length) ? Blocks.offset(ChecksumTable.blocks(length)) : 0;
  }

  private static long extentBytes(long length) {
    return Blocks.roundUp(length) + tableBytes(length);
  }
}
