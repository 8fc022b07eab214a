package io.ashlar.store.commit.epoch;

import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.OperationFormat;
import io.ashlar.uring.IoVectors;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The claims of an epoch: values that its caller fills in place. Their buffers are separate from
 * those of copied values, which can be written ahead while claims are open.
 *
 * <pre>
 *   claim ──▶ open ──end──▶ ended ──written ahead──▶ placed, and no longer here
 *               └──────────────┴──── seal, commit ───▶ placed
 * </pre>
 *
 * <p><b>Invariants.</b>
 *
 * <ol>
 *   <li>A claim's checksum is computed when it ends, else at the commit. A refused commit leaves
 *       open claims open; the next commit computes their checksums again.
 *   <li>A buffer with an open claim stays the epoch's until the epoch is committed or closed. It is
 *       <i>pinned</i>: not written ahead and not returned, even if a later operation supersedes the
 *       claim.
 *   <li>Claims are listed in the order in which they lie in the buffers, each followed by its
 *       table. A buffer that begins with a table holds only that table, so a claim and its table
 *       are pinned together.
 *   <li>All buffers of claims count in the quota until they are written ahead, or the epoch ends.
 * </ol>
 *
 * <p>An operation of a claim that is not placed has {@link #UNPLACED} for its first block.
 *
 * <p>Thread: as {@link EpochBuffer}. Memory: the buffers go back to the pool in {@link #release}.
 */
public final class EpochClaims {

  /** The first block of a claim that has no extent yet. */
  static final long UNPLACED = -1;

  private static final int CLAIMS_INITIAL = 16;
  private static final int CLAIMS_KEPT = 1024;
  private static final int BUFFERS_INITIAL = 8;
  private static final long ENDED = 0;

  private final Quota quota;
  private final EpochValues values = new EpochValues();
  private final IntPredicate unpinned = this::isUnpinned; // made once, ahead
  private int[] openIn = new int[BUFFERS_INITIAL]; // open claims by buffer
  private long countedBytes; // of the quota

  private long[] places = new long[CLAIMS_INITIAL]; // buffer (bits 32-63), offset (bits 0-31)
  private long[] addresses = new long[CLAIMS_INITIAL]; // of the memory that was lent, or ENDED
  private int[] operations = new int[CLAIMS_INITIAL]; // where each put lies
  private int count;
  private int openCount;
  private long openBytes;
  private int nextToEnd; // where a search begins: claims mostly end in order, or in reverse
  private boolean sealed;
  private @Nullable ClaimGuards guards;

  EpochClaims(Quota quota) {
    this.quota = quota;
  }

  // ---- filling: the epoch's caller

  /** Makes room for one more, so that taking it cannot fail for want of memory. */
  public void makeRoom() {
    values.makeRoom();
    if (count == places.length) {
      long[] morePlaces = Arrays.copyOf(places, count * 2);
      long[] moreAddresses = Arrays.copyOf(addresses, count * 2);
      operations = Arrays.copyOf(operations, count * 2);
      addresses = moreAddresses;
      places = morePlaces;
    }
    if (values.count() + 2 > openIn.length) {
      openIn = Arrays.copyOf(openIn, openIn.length * 2);
    }
  }

  /** Returns the values that the claims are. */
  public EpochValues values() {
    return values;
  }

  /** Returns the bytes of the last buffer that another claim may have. */
  public long freeBytes() {
    boolean isTable = count > 0 && bufferOf(count - 1) < values.count() - 1;
    return isTable ? 0 : values.freeBytes();
  }

  /** Counts a buffer in the quota, if there is room for it. */
  public boolean tryCount(long capacity) {
    if (!quota.tryTake(capacity)) {
      return false;
    }
    countedBytes += capacity;
    return true;
  }

  /** Returns what counts in the quota. */
  public long countedBytes() {
    return countedBytes;
  }

  /**
   * Opens the claim that room was taken for last and returns its memory.
   *
   * @param bytes the epoch's operations.
   * @param operation where its put lies in them.
   * @param guarded whether to lend memory that is gone once the claim has ended.
   */
  MemorySegment open(MemorySegment bytes, long operation, long offset, boolean guarded) {
    int buffer = values.valueBuffer();
    long length = OperationFormat.length(bytes, operation);
    MemorySegment lent = guarded ? guards().lend(length) : values.memory().asSlice(offset, length);
    places[count] = (long) buffer << 32 | offset;
    addresses[count] = lent.address();
    operations[count] = (int) operation;
    noteOpen(bytes, count++, 1);
    return lent;
  }

  private ClaimGuards guards() {
    ClaimGuards known = guards;
    if (known == null) {
      known = new ClaimGuards();
      guards = known;
    }
    return known;
  }

  /** Counts a claim as open, or with −1 no longer. */
  private void noteOpen(MemorySegment bytes, int claim, int opened) {
    int buffer = bufferOf(claim);
    openCount += opened;
    openBytes += opened * Blocks.offset(OperationFormat.blocks(bytes, operations[claim]));
    openIn[buffer] += opened;
    if (isTableApart(bytes, claim)) {
      openIn[buffer + 1] += opened;
    }
  }

  /** Returns whether any claim is open. */
  public boolean areOpen() {
    return openCount > 0;
  }

  /** Returns the bytes of open claims, their tables included. */
  public long openBytes() {
    return openBytes;
  }

  /** Returns the number of the open claim whose memory this is, or −1. */
  int find(MemorySegment bytes, MemorySegment lent) {
    for (int i = 0; i < count; i++) {
      int after = nextToEnd + i;
      int before = nextToEnd - 1 - i;
      if (after < count && isLent(bytes, after, lent)) {
        return after;
      }
      if (before >= 0 && isLent(bytes, before, lent)) {
        return before;
      }
    }
    return -1;
  }

  private boolean isLent(MemorySegment bytes, int claim, MemorySegment lent) {
    return addresses[claim] == lent.address()
        && OperationFormat.length(bytes, operations[claim]) == lent.byteSize();
  }

  /**
   * Ends an open claim: from here on its bytes are those of a put value.
   *
   * @throws IllegalStateException if checks find its memory in use: it is still open.
   */
  public void end(MemorySegment bytes, int claim) {
    seal(bytes, claim);
    if (guards != null) {
      guards.end(addresses[claim]);
    }
    addresses[claim] = ENDED;
    noteOpen(bytes, claim, -1);
    nextToEnd = claim + 1;
  }

  private void seal(MemorySegment bytes, int claim) {
    int buffer = bufferOf(claim);
    long offset = offsetOf(claim);
    if (guards != null) {
      guards.copy(addresses[claim], values.memory(buffer), offset);
    }
    long length = OperationFormat.length(bytes, operations[claim]);
    OperationFormat.crc32c(bytes, operations[claim], values.seal(buffer, offset, length));
  }

  /**
   * Takes the content of the open claims for a commit. Nothing is pinned from then on, unless the
   * commit is refused.
   */
  void sealOpen(MemorySegment bytes) {
    for (int i = 0; openCount > 0 && i < count; i++) {
      if (addresses[i] != ENDED) {
        seal(bytes, i);
      }
    }
    sealed = true;
  }

  /** Leaves open what {@link #sealOpen} has taken: the commit was refused. */
  public void reopen() {
    sealed = false;
  }

  /** Hands the guards of the open claims, if there are any, to the code that ends them. */
  public @Nullable ClaimGuards takeGuards() {
    ClaimGuards taken = guards;
    guards = null;
    return taken;
  }

  /** Takes them back: the epoch is still open. */
  public void putGuardsBack(ClaimGuards taken) {
    guards = taken;
  }

  // ---- placing: the epoch's caller, then the role

  /** Returns how many claims have no place yet. */
  public int count() {
    return count;
  }

  /** Returns where the put of a claim lies in the epoch's operations. */
  int operation(int claim) {
    return operations[claim];
  }

  /** Returns whether a claim may be written. */
  boolean isWritable(int claim) {
    return !isPinned(bufferOf(claim));
  }

  private boolean isUnpinned(int buffer) {
    return !isPinned(buffer);
  }

  private boolean isPinned(int buffer) {
    return openIn[buffer] > 0 && !sealed;
  }

  /** Returns the number of the buffer that a claim lies in. */
  int bufferOf(int claim) {
    return (int) (places[claim] >>> 32);
  }

  /** Returns where in its buffer a claim lies. */
  long offsetOf(int claim) {
    return (int) places[claim];
  }

  private boolean isTableApart(MemorySegment bytes, int claim) {
    return values.isTableApart(
        bufferOf(claim), offsetOf(claim), OperationFormat.length(bytes, operations[claim]));
  }

  /** Returns the blocks of the claims that may be written. */
  public long writableBlocks() {
    long used = 0;
    for (int i = 0; i < values.count(); i++) {
      used += isPinned(i) ? 0 : values.usedBytes(i);
    }
    return Blocks.count(used);
  }

  /** Returns how many buffers may be written. */
  public int writableBuffers() {
    int writable = 0;
    for (int i = 0; i < values.count(); i++) {
      writable += isPinned(i) ? 0 : 1;
    }
    return writable;
  }

  /** Adds the buffers that may be written to a gathered write. */
  public void addTo(IoVectors vectors) {
    for (int i = 0; i < values.count(); i++) {
      if (!isPinned(i)) {
        vectors.add(values.memory(i), 0, values.usedBytes(i));
      }
    }
  }

  /**
   * Places the claims that may be written in one run from a block on, in the order of {@link
   * #addTo}; returns the block after the last.
   */
  public long placeFrom(MemorySegment bytes, long firstBlock) {
    long next = firstBlock;
    for (int i = 0; i < count; i++) {
      if (isWritable(i)) {
        OperationFormat.startBlock(bytes, operations[i], next);
        next += OperationFormat.blocks(bytes, operations[i]);
      }
    }
    return next;
  }

  /** Gives the buffers of the claims that may be written, and are placed, to {@code taker}. */
  void takeOutWritable(Consumer<PooledBuffer> taker) {
    int kept = 0;
    int buffer = 0;
    int taken = 0;
    for (int i = 0; i < count; i++) {
      for (; buffer < bufferOf(i); buffer++) {
        taken += isPinned(buffer) ? 0 : 1;
      }
      if (!isWritable(i)) {
        places[kept] = places[i] - ((long) taken << 32);
        addresses[kept] = addresses[i];
        operations[kept++] = operations[i];
      }
    }
    count = kept;
    nextToEnd = 0;
    takeOutBuffers(taker);
  }

  private void takeOutBuffers(Consumer<PooledBuffer> taker) {
    long takenBytes = 0;
    for (int i = 0; i < values.count(); i++) {
      takenBytes += isPinned(i) ? 0 : values.capacity(i);
    }
    values.takeOut(unpinned, taker);
    int kept = 0;
    for (int i = 0; i < openIn.length; i++) {
      if (openIn[i] > 0) {
        openIn[kept++] = openIn[i];
      }
    }
    Arrays.fill(openIn, kept, openIn.length, 0);
    countedBytes -= takenBytes;
    quota.giveBack(takenBytes);
  }

  // ---- the end

  /** Gives all buffers back to the pool. */
  public void release() {
    values.release();
  }

  /** Empties it for the next epoch. */
  void reset() {
    assert values.count() == 0 : "G13: an epoch ended with claims";
    if (countedBytes > 0) {
      quota.giveBack(countedBytes);
      countedBytes = 0;
    }
    int claims = count;
    if (openCount > 0) {
      Arrays.fill(openIn, 0);
    }
    count = 0;
    openCount = 0;
    openBytes = 0;
    nextToEnd = 0;
    sealed = false;
    guards = null;
    if (claims > CLAIMS_KEPT) {
      places = new long[CLAIMS_INITIAL];
      addresses = new long[CLAIMS_INITIAL];
      operations = new int[CLAIMS_INITIAL];
    }
  }
}
