package io.ashlar.store.index;

import io.ashlar.store.format.ChecksumTable;
import io.ashlar.store.format.EntryFormat;

/**
 * A copy of one index entry: where a blob is, and what its bytes must be.
 *
 * <p>Made once and filled again and again, so that lookups allocate nothing. Thread: its owner's
 * only. A fresh one is {@link Kind#ABSENT}; fields that a kind does not have are 0.
 */
public final class BlobLocation {
  /** The state of an id in its entry. */
  public enum Kind {
    /** There is no entry. */
    ABSENT,
    /** The blob is in the data file; one of length 0 has no blocks, and start block 0. */
    STORED,
    /** The blob is in the tier only, under the cold reference. */
    EVICTED,
    /** The blob was deleted, and the tier does not know yet. */
    TOMBSTONE
  }

  /** The longest blob in bytes: 1 GiB. */
  public static final int LENGTH_MAX = 1 << 30;

  /** Change counts are below this and start again from 0. */
  public static final int CHANGE_COUNT_MAX = EntryFormat.CHANGE_COUNTS;

  private Kind kind = Kind.ABSENT;
  private long startBlock;
  private int lengthBytes;
  private int crc32c;
  private long version;
  private int changeCount;
  private boolean table;
  private long cold0;
  private long cold1;
  private long cold2;

  /** Creates an absent location. */
  public BlobLocation() {}

  /** Returns the state of the id. */
  public Kind kind() {
    return kind;
  }

  /** Returns whether there is a blob: stored or evicted. */
  public boolean isLive() {
    return kind == Kind.STORED || kind == Kind.EVICTED;
  }

  /** Returns the first 4 KiB block of a stored blob, in [0, 2^48). */
  public long startBlock() {
    return startBlock;
  }

  /** Returns the blob's length, 0 to {@link #LENGTH_MAX}. */
  public int lengthBytes() {
    return lengthBytes;
  }

  /** Returns the CRC-32C of the blob's bytes. */
  public int crc32c() {
    return crc32c;
  }

  /** Returns the sequence of the record that put or deleted the blob. */
  public long version() {
    return version;
  }

  /**
   * Returns a number that differs before and after every change of an entry that keeps its version
   * (relocation, eviction and the like), modulo {@link #CHANGE_COUNT_MAX}.
   */
  public int changeCount() {
    return changeCount;
  }

  /** Returns whether a stored blob's extent ends with a checksum table. */
  public boolean hasTable() {
    return table;
  }

  /** Returns the blocks of a stored blob's extent, its checksum table included; 0 for no bytes. */
  public long blocks() {
    return ChecksumTable.extentBlocks(lengthBytes, table);
  }

  /** Returns bytes 0 to 7 of an evicted blob's cold reference. */
  public long cold0() {
    return cold0;
  }

  /** Returns bytes 8 to 15 of an evicted blob's cold reference. */
  public long cold1() {
    return cold1;
  }

  /** Returns bytes 16 to 23 of an evicted blob's cold reference. */
  public long cold2() {
    return cold2;
  }

  /**
   * Returns whether the whole entry is the same (rule L21): then nothing happened to the blob
   * between the two lookups, and its extent was not freed.
   */
  public boolean sameAs(BlobLocation other) {
    return kind == other.kind
        && startBlock == other.startBlock
        && lengthBytes == other.lengthBytes
        && crc32c == other.crc32c
        && version == other.version
        && changeCount == other.changeCount
        && table == other.table
        && cold0 == other.cold0
        && cold1 == other.cold1
        && cold2 == other.cold2;
  }

  /** Copies everything from another location. */
  public void setTo(BlobLocation other) {
    kind = other.kind;
    startBlock = other.startBlock;
    lengthBytes = other.lengthBytes;
    crc32c = other.crc32c;
    version = other.version;
    changeCount = other.changeCount;
    table = other.table;
    cold0 = other.cold0;
    cold1 = other.cold1;
    cold2 = other.cold2;
  }

  /** Makes this {@link Kind#ABSENT}. */
  public void setAbsent() {
    set(Kind.ABSENT, 0, 0, 0, 0, 0);
    setCold(0, 0, 0);
  }

  /** Makes this a stored blob without a checksum table, its change count 0. */
  public void setStored(long startBlock, int lengthBytes, int crc32c, long version) {
    setStored(startBlock, lengthBytes, crc32c, version, false);
  }

  /**
   * Makes this a stored blob, its change count 0.
   *
   * @param hasTable whether its extent ends with a checksum table.
   */
  public void setStored(
      long startBlock, int lengthBytes, int crc32c, long version, boolean hasTable) {
    set(Kind.STORED, startBlock, lengthBytes, crc32c, version, 0);
    setTable(hasTable);
    setCold(0, 0, 0);
  }

  /** Makes this an evicted blob, its change count 0. */
  public void setEvicted(
      int lengthBytes, int crc32c, long version, long cold0, long cold1, long cold2) {
    set(Kind.EVICTED, 0, lengthBytes, crc32c, version, 0);
    setCold(cold0, cold1, cold2);
  }

  /** Makes this the tombstone of a delete. */
  public void setTombstone(long version) {
    set(Kind.TOMBSTONE, 0, 0, 0, version, 0);
    setCold(0, 0, 0);
  }

  @Override
  public String toString() {
    return "BlobLocation[kind=%s, startBlock=%d, lengthBytes=%d, crc32c=%08x, version=%d, changeCount=%d, cold=%x-%x-%x]"
        .formatted(
            kind, startBlock, lengthBytes, crc32c, version, changeCount, cold0, cold1, cold2);
  }

  void set(Kind kind, long startBlock, int lengthBytes, int crc32c, long version, int changeCount) {
    this.kind = kind;
    this.startBlock = startBlock;
    this.lengthBytes = lengthBytes;
    this.crc32c = crc32c;
    this.version = version;
    this.changeCount = changeCount;
    table = false;
  }

  void setTable(boolean hasTable) {
    table = hasTable;
  }

  void setChangeCount(int changeCount) {
    this.changeCount = changeCount;
  }

  void setCold(long cold0, long cold1, long cold2) {
    this.cold0 = cold0;
    this.cold1 = cold1;
    this.cold2 = cold2;
  }
}
