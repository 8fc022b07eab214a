package io.ashlar.store.index;

import io.ashlar.store.format.IndexCheckpointFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * The layout of a bucket: a run of slots with linear probing, under a sequence lock.
 *
 * <pre>
 *   offset      bytes
 *        0          8  version: odd while the writer changes the bucket or its entries, and while
 *                      the bucket is not in the directory; only ever rises, recycling included
 *        8          8  range: depth (bits 0-7), hash prefix of that many bits (bits 32-63, from the top)
 *       16          8  count of slots in use (the writer's)
 *       24         40  unused, so that slots begin on a cache line
 *       64  2048 x  8  slots: entry number (bits 0-31, never 0), hash (bits 32-63); 0 is empty
 * </pre>
 *
 * <p>Readers follow the sequence lock of Boehm, <i>Can seqlocks get along with programming language
 * memory models?</i> (MSPC 2012): {@link #readVersion}, read, {@link #isUnchanged}. A reader must
 * also ask {@link #owns}: the bucket may have been split, or recycled for other hashes.
 *
 * <p>Deletion shifts later slots back (Knuth, TAOCP 3, 6.4, algorithm R), so there are no deleted
 * marks and a probe ends at the first empty slot.
 */
final class Bucket {
  static final int SLOTS = 2048;

  /** A bucket with this many entries is split: 7 of 8 slots. */
  static final int COUNT_MAX = IndexCheckpointFormat.BUCKET_ENTRIES_MAX;

  static final int BYTES = 64 + SLOTS * Long.BYTES;

  /** Beyond this depth the slot's bits of the hash and the directory's would overlap. */
  static final int DEPTH_MAX = 21;

  /** How many words of 8 bytes a bucket has. */
  static final int WORDS = BYTES / Long.BYTES;

  /** How many of them lie before the first slot. */
  static final int HEADER_WORDS = 8;

  private static final int VERSION_WORD = 0;
  private static final int RANGE_WORD = 1;
  private static final int COUNT_WORD = 2;
  private static final long VERSION = 0;
  private static final long RANGE = 8;
  private static final long COUNT = 16;
  private static final long FIRST_SLOT = 64;
  static final int SLOT_MASK = SLOTS - 1;
  private static final long[] EMPTY = new long[WORDS];
  private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();

  private Bucket() {}

  /** Returns the version to check later; when odd, nothing in the bucket may be trusted. */
  static long readVersion(MemorySegment bucket) {
    return (long) LONG.getAcquire(bucket, VERSION);
  }

  /** Returns whether everything read since {@link #readVersion} belongs together. */
  static boolean isUnchanged(MemorySegment bucket, long version) {
    VarHandle.acquireFence();
    return (long) LONG.getOpaque(bucket, VERSION) == version;
  }

  /** Opens a change: readers wait until {@link #endChange}. The writer only; must not fail. */
  static void beginChange(MemorySegment bucket) {
    long version = (long) LONG.getOpaque(bucket, VERSION);
    assert (version & 1) == 0 : "bucket is being changed or retired: version=" + version;
    LONG.setOpaque(bucket, VERSION, version + 1);
    VarHandle.releaseFence();
  }

  /** Closes a change, or puts a bucket into service. The writer only. */
  static void endChange(MemorySegment bucket) {
    long version = (long) LONG.getOpaque(bucket, VERSION);
    assert (version & 1) == 1 : "bucket is not being changed: version=" + version;
    LONG.setRelease(bucket, VERSION, version + 1);
  }

  /**
   * Puts a bucket into service for the first time; no reader can see it yet.
   *
   * @param words its slots; the header is overwritten.
   */
  static void create(MemorySegment bucket, int prefix, int depth, long[] words, int count) {
    words[VERSION_WORD] = 2;
    words[RANGE_WORD] = ((long) prefix << 32) | depth;
    words[COUNT_WORD] = count;
    MemorySegment.copy(words, 0, bucket, ValueLayout.JAVA_LONG, 0, WORDS);
  }

  /**
   * Puts a recycled bucket into service that is not in the directory. A reader may still look into
   * its former content.
   *
   * @param words its slots; the header is overwritten.
   */
  static void install(MemorySegment bucket, int prefix, int depth, long[] words, int count) {
    long version = (long) LONG.getOpaque(bucket, VERSION);
    LONG.setOpaque(bucket, VERSION, version | 1);
    VarHandle.releaseFence();
    words[RANGE_WORD] = ((long) prefix << 32) | depth;
    words[COUNT_WORD] = count;
    MemorySegment.copy(words, RANGE_WORD, bucket, ValueLayout.JAVA_LONG, RANGE, WORDS - RANGE_WORD);
    endChange(bucket);
  }

  /** Returns whether entries of this hash belong here. */
  static boolean owns(MemorySegment bucket, int hash) {
    return ((hash ^ prefix(bucket)) & mask(depth(bucket))) == 0;
  }

  static int depth(MemorySegment bucket) {
    return (int) (long) LONG.getOpaque(bucket, RANGE) & 0xff;
  }

  /** Returns the leading bits that all hashes here share, at the top of the int. */
  static int prefix(MemorySegment bucket) {
    return (int) ((long) LONG.getOpaque(bucket, RANGE) >>> 32);
  }

  static int count(MemorySegment bucket) {
    return (int) (long) LONG.getOpaque(bucket, COUNT);
  }

  /** Returns the slot where probing for a hash begins. */
  static int home(int hash) {
    return hash & SLOT_MASK;
  }

  static int next(int slot) {
    return (slot + 1) & SLOT_MASK;
  }

  /** Returns a slot's word, 0 when empty; the entry it names may be read. */
  static long slot(MemorySegment bucket, int slot) {
    return (long) LONG.getAcquire(bucket, FIRST_SLOT + (long) slot * Long.BYTES);
  }

  static int hashOf(long word) {
    return (int) (word >>> 32);
  }

  static int entryOf(long word) {
    return (int) word;
  }

  /** Returns the word of a slot in use. */
  static long word(int hash, int entry) {
    return ((long) hash << 32) | entry;
  }

  /** Makes the words those of a bucket without entries; no loop, which the JVM would compile. */
  static void empty(long[] words) {
    System.arraycopy(EMPTY, 0, words, 0, WORDS);
  }

  /** Copies the whole bucket. The writer only. */
  static void read(MemorySegment bucket, long[] words) {
    MemorySegment.copy(bucket, ValueLayout.JAVA_LONG, 0, words, 0, WORDS);
  }

  /** Writes a whole changed bucket while no reader uses the index. */
  static void write(MemorySegment bucket, long[] words, int count) {
    words[VERSION_WORD] += 2;
    words[COUNT_WORD] = count;
    MemorySegment.copy(words, 0, bucket, ValueLayout.JAVA_LONG, 0, WORDS);
  }

  /** Returns {@link #depth} of a bucket's words. */
  static int depth(long[] words) {
    return (int) words[RANGE_WORD] & 0xff;
  }

  /** Returns {@link #prefix} of a bucket's words. */
  static int prefix(long[] words) {
    return (int) (words[RANGE_WORD] >>> 32);
  }

  /** Returns {@link #count} of a bucket's words. */
  static int count(long[] words) {
    return (int) words[COUNT_WORD];
  }

  /**
   * Adds some of a bucket's slots to the words of two others, by a bit of their hashes; so few
   * slots that the JVM soon compiles this.
   *
   * @return how many went to {@code one}.
   */
  static int divide(long[] words, int from, int to, int bit, long[] zero, long[] one) {
    int ones = 0;
    for (int i = HEADER_WORDS + from; i < HEADER_WORDS + to; i++) {
      long word = words[i];
      if (word != 0) {
        int hash = (int) (word >>> 32);
        long[] into = (hash & bit) == 0 ? zero : one;
        ones += (hash & bit) == 0 ? 0 : 1;
        int slot = hash & SLOT_MASK;
        while (into[HEADER_WORDS + slot] != 0) {
          slot = (slot + 1) & SLOT_MASK;
        }
        into[HEADER_WORDS + slot] = word;
      }
    }
    return ones;
  }

  /** Adds an entry; there is room, and the caller has begun a change. */
  static void insert(MemorySegment bucket, int hash, int entry) {
    int slot = home(hash);
    while (slot(bucket, slot) != 0) {
      slot = next(slot);
    }
    setSlot(bucket, slot, word(hash, entry));
    LONG.setOpaque(bucket, COUNT, (long) LONG.getOpaque(bucket, COUNT) + 1);
  }

  /** Removes an entry that is here and closes the gap; the caller has begun a change. */
  static void remove(MemorySegment bucket, int hash, int entry) {
    long removed = word(hash, entry);
    int gap = home(hash);
    while (slot(bucket, gap) != removed) {
      gap = next(gap);
    }
    int at = next(gap);
    for (long word = slot(bucket, at); word != 0; word = slot(bucket, at)) {
      int home = home(hashOf(word));
      // The word may move back when its home is not cyclically within (gap, at].
      if (((at - home) & SLOT_MASK) >= ((at - gap) & SLOT_MASK)) {
        setSlot(bucket, gap, word);
        gap = at;
      }
      at = next(at);
    }
    setSlot(bucket, gap, 0);
    LONG.setOpaque(bucket, COUNT, (long) LONG.getOpaque(bucket, COUNT) - 1);
  }

  /** Returns the mask of the leading {@code depth} bits. */
  static int mask(int depth) {
    return depth == 0 ? 0 : -1 << (Integer.SIZE - depth);
  }

  private static void setSlot(MemorySegment bucket, int slot, long word) {
    LONG.setOpaque(bucket, FIRST_SLOT + (long) slot * Long.BYTES, word);
  }
}
