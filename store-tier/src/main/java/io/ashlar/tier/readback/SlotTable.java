package io.ashlar.tier.readback;

import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.FutureOutcomes;
import io.ashlar.tier.ReadBackConfig;
import io.ashlar.tier.batch.FramedBatchFormat;
import io.ashlar.tier.batch.FramedBatchReader;
import io.ashlar.tier.checkpoint.TierKeys;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The slots of a {@link BatchCache}, their users, and the bytes that they hold. There are at most
 * {@value #ENTRIES_MAX} slots and the configured bytes; the least recently used slot goes first.
 *
 * <p><b>Invariants.</b> A slot in the table gets an outcome. A slot that left the table is freed by
 * the last that uses it. {@code bytes} is the sum over the slots in the table that are kept.
 *
 * <p>Thread: any; one lock guards everything, and nothing is fetched, decoded or freed under it.
 */
final class SlotTable {
  static final int ENTRIES_MAX = 16_384;

  private final ReadBackConfig config;
  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by the lock.
  private final LinkedHashMap<ColdReference, FrameSlot> slots =
      new LinkedHashMap<>(16, 0.75f, true);
  private final WaitingSlots waiting;
  private final ReadAhead readAhead;
  private long bytes;
  private boolean closed;

  SlotTable(ReadBackConfig config) {
    this.config = config;
    this.waiting = new WaitingSlots(config.gapBytesMax());
    // What is read ahead must have room, or it pushes itself out.
    this.readAhead =
        new ReadAhead(
            Math.min(config.aheadBytesMax(), config.cacheBytes() / 2),
            config.gapBytesMax(),
            FramedBatchFormat.HEADER_BYTES);
  }

  /**
   * Begins to use a slot, which is made if there is none. {@link #leave} ends it.
   *
   * @param place what the reference says.
   * @param counters counts a hit if the slot is fetched already.
   * @param fetch starts the fetch of a new slot, and does not wait; what it throws leaves no slot.
   * @throws IllegalStateException if the cache is closed.
   */
  FrameSlot enter(
      ColdReference reference,
      ColdPlace place,
      ReadBackCounters counters,
      Consumer<FrameSlot> fetch) {
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("batch cache is closed");
      }
      FrameSlot slot = slots.get(reference);
      if (slot == null) {
        slot = ask(reference, place, fetch);
      } else if (slot.fetched.isDone()) {
        counters.memoryHits.increment();
      }
      slot.users++;
      return slot;
    } finally {
      lock.unlock();
    }
  }

  /** Makes a slot that a thread fetches; leaves none if there is no thread or no heap for it. */
  private FrameSlot ask(ColdReference reference, ColdPlace place, Consumer<FrameSlot> fetch) {
    FrameSlot slot = new FrameSlot(reference, place);
    boolean begun = false;
    try {
      slots.put(reference, slot);
      waiting.add(slot);
      fetch.accept(slot);
      begun = true;
      return slot;
    } finally {
      if (!begun) {
        slots.remove(reference, slot);
        waiting.remove(slot);
      }
    }
  }

  /** Ends the use of a slot; frees what it holds if it was dropped and this was its last user. */
  void leave(FrameSlot slot) {
    boolean free;
    lock.lock();
    try {
      slot.users--;
      free = slot.dropped && slot.users == 0;
    } finally {
      lock.unlock();
    }
    if (free && !slot.fetched.isCompletedExceptionally()) {
      slot.fetched.join().close();
    }
  }

  /** Takes a slot for a fetch of its own; false if another fetch has taken it. */
  boolean takeAlone(FrameSlot asked) {
    lock.lock();
    try {
      boolean taken = asked.waiting;
      if (taken) {
        waiting.remove(asked);
      }
      return taken;
    } finally {
      lock.unlock();
    }
  }

  /** Takes a slot for a fetch, with what waits nearby; null if another fetch has taken it. */
  @Nullable FrameGroup take(FrameSlot asked) {
    lock.lock();
    try {
      if (!asked.waiting) {
        return null;
      }
      String key = asked.place.key();
      if (asked.place.isWhole()) {
        FrameGroup whole = new FrameGroup(key, List.of(asked), new ReadAhead.Plan(0, 0));
        waiting.remove(asked);
        return whole;
      }
      List<FrameSlot> near = waiting.near(asked);
      long end = near.stream().mapToLong(FrameSlot::end).max().orElse(asked.end());
      FrameGroup group =
          new FrameGroup(key, near, readAhead.plan(key, near.getFirst().offset(), end));
      for (int i = 0; i < near.size(); i++) { // last, and without an iterator: all or none
        waiting.remove(near.get(i));
      }
      return group;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Makes slots for the frames that came with those asked for, as far as they have room.
   *
   * @param runs the frames that were read, in their order.
   * @param others filled with the new slots.
   */
  void addAhead(FrameGroup group, List<FramedBatchReader.Run> runs, List<FrameSlot> others) {
    long from = group.plan().from();
    long end = group.end();
    TierKeys.BatchName name = group.first().place.name();
    long room = config.cacheBytes() / 2;
    lock.lock();
    try {
      for (FramedBatchReader.Run run : runs) {
        long offset = from + run.offset();
        end = Math.max(end, offset + run.length());
        if (offset > ColdReferenceCodec.OFFSET_MAX || run.rawBytes() > room || closed) {
          break;
        }
        ColdReference reference = ColdReferenceCodec.encode(name, offset, run.length());
        FrameSlot slot = new FrameSlot(reference, new ColdPlace(name, offset, run.length()));
        slot.waiting = false;
        if (slots.get(reference) == null) {
          room -= run.rawBytes();
          others.add(slot); // first: what is in the table gets an outcome
          slots.put(reference, slot);
        }
      }
      readAhead.fetched(group.key(), end);
    } finally {
      lock.unlock();
    }
  }

  /** Takes out a slot that was only read ahead; false if a caller waits for it. */
  boolean giveUpUnused(FrameSlot slot) {
    lock.lock();
    try {
      return slot.users == 0 && slots.remove(slot.reference, slot);
    } finally {
      lock.unlock();
    }
  }

  /** Hands what was decoded to those who wait, and keeps it if there is room. */
  void keep(FrameSlot slot, DecodedBatch decoded) {
    List<FrameSlot> unused = new ArrayList<>();
    lock.lock();
    try {
      slot.fetched.complete(decoded);
      if (slot.dropped) {
        if (slot.users == 0) {
          unused.add(slot);
        }
      } else {
        slot.bytes = decoded.bytes();
        bytes += slot.bytes;
        if (slot.bytes > config.cacheBytes()) {
          slots.remove(slot.reference, slot);
          drop(slot, unused);
        }
        dropEldest(unused);
      }
    } finally {
      lock.unlock();
    }
    unused.forEach(s -> s.fetched.join().close());
  }

  private void dropEldest(List<FrameSlot> unused) {
    Iterator<FrameSlot> eldest = slots.values().iterator();
    while ((bytes > config.cacheBytes() || slots.size() > ENTRIES_MAX) && eldest.hasNext()) {
      FrameSlot old = eldest.next();
      if (old.bytes > 0) {
        eldest.remove();
        drop(old, unused);
      }
    }
  }

  /** Takes a slot out of the count; the caller frees {@code unused} after the lock. */
  private void drop(FrameSlot slot, List<FrameSlot> unused) {
    slot.dropped = true;
    bytes -= slot.bytes;
    if (slot.users == 0 && slot.fetched.isDone()) {
      unused.add(slot);
    }
  }

  /** Fails those slots that have no outcome yet. */
  void failUndone(List<FrameSlot> fetching, Throwable failure) {
    for (int i = 0; i < fetching.size(); i++) { // without an iterator: the heap may be full
      if (!fetching.get(i).fetched.isDone()) {
        fail(fetching.get(i), failure);
      }
    }
  }

  /** Takes a slot out and tells its failure to those who wait for it. */
  void fail(FrameSlot slot, Throwable failure) {
    lock.lock();
    try {
      slots.remove(slot.reference, slot);
    } finally {
      lock.unlock();
    }
    FutureOutcomes.fail(slot.fetched, failure);
  }

  /** Drops what is kept of a reference, so that the next use of it fetches it. */
  void forget(ColdReference reference) {
    List<FrameSlot> unused = new ArrayList<>();
    lock.lock();
    try {
      FrameSlot slot = slots.get(reference);
      if (slot != null && slot.fetched.isDone()) {
        slots.remove(reference);
        drop(slot, unused);
      }
    } finally {
      lock.unlock();
    }
    unused.forEach(slot -> slot.fetched.join().close());
  }

  /** Slots that no fetch has taken yet. */
  int waiting() {
    lock.lock();
    try {
      return waiting.count();
    } finally {
      lock.unlock();
    }
  }

  /** Native memory of what is kept, in bytes. */
  long bytes() {
    lock.lock();
    try {
      return bytes;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Drops everything; what is in use is freed when its last user leaves.
   *
   * @return false if it was closed before.
   */
  boolean close() {
    List<FrameSlot> unused = new ArrayList<>();
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      closed = true;
      slots.values().forEach(slot -> drop(slot, unused));
      slots.clear();
    } finally {
      lock.unlock();
    }
    unused.forEach(slot -> {
      if (!slot.fetched.isCompletedExceptionally()) {
        slot.fetched.join().close();
      }
    });
    return true;
  }
}
