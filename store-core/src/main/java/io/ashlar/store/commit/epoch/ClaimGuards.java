package io.ashlar.store.commit.epoch;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Separate memory that is lent for each claim when checks are on. Its content is copied to the
 * claim's place, and it is freed once the claim has ended. Any later access throws.
 *
 * <p>Thread: as {@link EpochClaims}; any thread may fill the memory.
 */
public final class ClaimGuards {

  private static final byte UNFILLED = (byte) 0xDB;
  private static final long ALIGNMENT = 4096;

  /** One claim's memory. */
  private record Guard(Arena arena, MemorySegment memory) {}

  private final Map<Long, Guard> guards = new HashMap<>(); // by address

  /** Returns memory for a claim that opens. */
  MemorySegment lend(long length) {
    Arena arena = Arena.ofShared();
    MemorySegment memory = arena.allocate(length, ALIGNMENT).fill(UNFILLED);
    guards.put(memory.address(), new Guard(arena, memory));
    return memory;
  }

  /** Copies the content of an open claim to the claim's place. */
  public void copy(long address, MemorySegment target, long offset) {
    Guard guard = guards.get(address);
    if (guard == null) {
      throw new IllegalStateException("no claim lies there: address=" + address);
    }
    MemorySegment.copy(guard.memory, 0, target, offset, guard.memory.byteSize());
  }

  /**
   * Frees the memory of a claim that has ended.
   *
   * @throws IllegalStateException if the memory is in use at this moment, for example by a system
   *     call.
   */
  public void end(long address) {
    Guard guard = guards.get(address);
    if (guard != null) {
      guard.arena.close(); // first: the claim is still open if it fails
      var _ = guards.remove(address);
    }
  }

  /**
   * Frees the memory of all claims, because their epoch has ended.
   *
   * @throws IllegalStateException if any memory is in use at this moment; the rest is freed.
   */
  public void endAll() {
    @Nullable IllegalStateException failure = null;
    for (Guard guard : guards.values()) {
      try {
        guard.arena.close();
      } catch (IllegalStateException e) {
        failure = e;
      }
    }
    guards.clear();
    if (failure != null) {
      throw failure;
    }
  }
}
