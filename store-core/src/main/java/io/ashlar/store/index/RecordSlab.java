package io.ashlar.store.index;

import io.ashlar.uring.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.List;

/**
 * Records of one fixed size in native memory, known by number and recycled when freed.
 *
 * <p>Memory is taken in chunks of one huge page and kept until the arena is closed. A reader with
 * the number of a record that was freed meanwhile reads meaningless bytes, never unmapped memory.
 * After the arena is closed, any access by number throws {@link IllegalStateException}. Number 0 is
 * no record.
 *
 * <p>Thread: {@link #allocate} and {@link #free} by the index's writer; {@link #chunkOf} and {@link
 * #offsetOf} by any thread that got the number by an acquire load.
 */
final class RecordSlab {
  /** Bytes of a chunk: one huge page. */
  static final long CHUNK_BYTES = NativeMemory.ALIGNMENT;

  private static final int NONE = 0;
  private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();
  private static final VarHandle CHUNKS;

  static {
    try {
      CHUNKS =
          MethodHandles.lookup().findVarHandle(RecordSlab.class, "chunks", MemorySegment[].class);
    } catch (ReflectiveOperationException impossible) {
      throw new ExceptionInInitializerError(impossible);
    }
  }

  private final Arena arena;
  private final int recordBytes;
  private final int recordsPerChunk;
  private final int numbersMax;

  @SuppressWarnings("UnusedVariable") // written by the writer (release), read by any (acquire)
  private MemorySegment[] chunks = new MemorySegment[0];

  private int chunkCount;
  private int nextNumber = 1;
  private int recycled = NONE; // linked through the first word of freed records
  private volatile long memoryBytes;

  /**
   * Creates a slab without memory.
   *
   * @param arena where its memory lies; shared, somebody else's to close.
   * @param recordBytes bytes of a record, a multiple of 8.
   * @param numbersMax no record gets this number or a higher one.
   */
  RecordSlab(Arena arena, int recordBytes, int numbersMax) {
    this.arena = arena;
    this.recordBytes = recordBytes;
    this.recordsPerChunk = (int) (CHUNK_BYTES / recordBytes);
    this.numbersMax = numbersMax;
  }

  /**
   * Returns the number of a record whose bytes are arbitrary.
   *
   * @throws IllegalStateException if every number is in use (nothing changed).
   * @throws io.ashlar.uring.NativeException if memory cannot be had (nothing changed).
   */
  int allocate() {
    int number = recycled;
    if (number != NONE) {
      recycled = (int) (long) LONG.getOpaque(chunkOf(number), offsetOf(number));
      return number;
    }
    number = nextNumber;
    if (number >= numbersMax) {
      throw new IllegalStateException("index is full: records=" + number);
    }
    if (number / recordsPerChunk == chunkCount) {
      addChunk();
    }
    nextNumber++;
    return number;
  }

  /**
   * Takes records of consecutive numbers from {@link #endNumber} on, all in one chunk, that were
   * never in use: their bytes are zero.
   *
   * @return how many, at least 1 and at most {@code countMax}.
   * @throws IllegalStateException as {@link #allocate}.
   * @throws io.ashlar.uring.NativeException as {@link #allocate}.
   */
  int allocateRun(int countMax) {
    int first = nextNumber;
    if (first >= numbersMax) {
      throw new IllegalStateException("index is full: records=" + first);
    }
    if (first / recordsPerChunk == chunkCount) {
      addChunk();
    }
    int count = Math.min(Math.min(countMax, restOfChunk(first)), numbersMax - first);
    nextNumber += count;
    return count;
  }

  /** Takes back the last records of a run that were not used, before anything is allocated. */
  void giveBackRun(int count) {
    nextNumber -= count;
  }

  /**
   * Maps memory for records to come.
   *
   * @param count how many; the last of them may have to wait for a chunk of their own.
   * @return the memory, in the order of its use.
   * @throws io.ashlar.uring.NativeException if it cannot be had (some of it may be mapped).
   */
  List<MemorySegment> reserve(long count) {
    long end = Math.min(numbersMax, nextNumber + count) / recordsPerChunk;
    int first = chunkCount;
    while (chunkCount < end) {
      addChunk();
    }
    return List.of(chunks).subList(first, chunkCount);
  }

  /** Takes a record back; its first word is overwritten. */
  void free(int number) {
    LONG.setOpaque(chunkOf(number), offsetOf(number), (long) recycled);
    recycled = number;
  }

  /** Returns the chunk that holds a record. */
  MemorySegment chunkOf(int number) {
    return ((MemorySegment[]) CHUNKS.getAcquire(this))[number / recordsPerChunk];
  }

  /** Returns where in its chunk a record begins. */
  long offsetOf(int number) {
    return (long) (number % recordsPerChunk) * recordBytes;
  }

  /** Returns the number after the highest that was ever in use; the writer only. */
  int endNumber() {
    return nextNumber;
  }

  /** Returns how many records from this one on lie in its chunk. */
  int restOfChunk(int number) {
    return recordsPerChunk - number % recordsPerChunk;
  }

  /** Returns the bytes mapped; any thread. */
  long memoryBytes() {
    return memoryBytes;
  }

  private void addChunk() {
    MemorySegment[] known = (MemorySegment[]) CHUNKS.getAcquire(this);
    MemorySegment[] grown = Arrays.copyOf(known, chunkCount + 1);
    grown[chunkCount] = NativeMemory.reserveIn(arena, CHUNK_BYTES);
    CHUNKS.setRelease(this, grown);
    chunkCount++;
    memoryBytes = chunkCount * CHUNK_BYTES;
  }
}
