package io.ashlar.tier.readback;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.WrongKeyException;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.tier.ReadBackConfig;
import io.ashlar.tier.ReadBackStats;
import io.ashlar.tier.batch.FramedBatchReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Fetches the slots of a {@link SlotTable}, from the local file of frames or by GETs, and decodes
 * them. At most {@value #FETCHES_MAX} fetches run at once. Slots that are asked for meanwhile wait,
 * and the next fetch takes all of them that lie near.
 *
 * <p>Fetches run on threads of their own, so that an interrupt of a reader breaks no request that
 * others wait for. Whatever breaks off a fetch is told to those that wait for its slots.
 *
 * <p>Thread: any. Memory: during a fetch the bytes that it read; what is decoded goes to the table.
 */
final class FrameFetches implements AutoCloseable {
  static final int FETCHES_MAX = 8;

  private final SlotTable table;
  private final BatchReader reader;
  private final ReadBackConfig config;
  private final @Nullable FrameDisk disk;
  private final ReadBackCounters counters;
  private final ExecutorService threads;
  private final HedgedReads hedged;
  private final Semaphore fetches = new Semaphore(FETCHES_MAX);

  /**
   * @param disk the local file of frames, or null; closed with this.
   * @param threads what fetches run on; ended with this.
   */
  FrameFetches(
      SlotTable table,
      BatchReader reader,
      ReadBackConfig config,
      @Nullable FrameDisk disk,
      ReadBackCounters counters,
      ExecutorService threads) {
    this.table = table;
    this.reader = reader;
    this.config = config;
    this.disk = disk;
    this.counters = counters;
    this.threads = threads;
    this.hedged = new HedgedReads(config);
  }

  /**
   * Starts to fetch a slot that waits; does not wait for it.
   *
   * @throws java.util.concurrent.RejectedExecutionException if there is no thread for it.
   */
  void start(FrameSlot asked) {
    threads.execute(() -> fetchWith(asked));
  }

  /** Fetches a slot, and with it what else waits nearby, unless another fetch took it. */
  private void fetchWith(FrameSlot asked) {
    if (config.windowUs() > 0) {
      LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(config.windowUs()));
    }
    fetches.acquireUninterruptibly();
    try {
      if (fromDisk(asked)) {
        return;
      }
      FrameGroup group = table.take(asked);
      if (group != null) {
        fetchOrFail(group);
      }
    } catch (Throwable e) {
      if (table.takeAlone(asked)) { // no other fetch will tell those who wait
        table.fail(asked, e);
      }
    } finally {
      fetches.release();
    }
  }

  private boolean fromDisk(FrameSlot asked) {
    if (disk == null || asked.place.isWhole()) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment frames = disk.find(asked.reference, arena);
      if (frames == null || !table.takeAlone(asked)) {
        return false;
      }
      try {
        decodeFromDisk(asked, disk, frames);
      } catch (Throwable e) {
        table.fail(asked, e);
      }
      return true;
    }
  }

  private void decodeFromDisk(FrameSlot asked, FrameDisk frameDisk, MemorySegment frames) {
    DecodedBatch decoded;
    try {
      decoded = reader.decodeRun(asked.place.key(), asked.offset(), frames);
    } catch (RuntimeException damaged) {
      frameDisk.forget(asked.reference);
      fetchOrFail(FrameGroup.alone(asked));
      return;
    }
    counters.diskHits.increment();
    table.keep(asked, decoded);
  }

  private void fetchOrFail(FrameGroup group) {
    try {
      fetch(group);
    } catch (Throwable e) {
      table.failUndone(group.slots(), e);
    }
  }

  private void fetch(FrameGroup group) {
    ReadBackEvent event = new ReadBackEvent();
    event.begin();
    event.batch = group.key();
    event.framesAsked = group.slots().size();
    try {
      counters.fetches.increment();
      counters.framesShared.add(group.slots().size() - 1L);
      if (group.first().place.isWhole()) {
        FrameSlot slot = group.first();
        DecodedBatch whole = hedged.read(() -> reader.read(group.key(), null));
        event.bytes = whole.bodyBytes();
        table.keep(slot, whole);
      } else {
        fetchFrames(group, event);
      }
    } catch (RuntimeException | Error e) {
      event.failure = e.getClass().getSimpleName();
      throw e;
    } finally {
      event.commit();
    }
  }

  private void fetchFrames(FrameGroup group, ReadBackEvent event) {
    ReadAhead.Plan plan = group.plan();
    long needed = group.end() - plan.from();
    try (BatchReader.Fetched fetched =
        hedged.read(
            () -> reader.fetch(group.key(), plan.from(), plan.end() - plan.from(), needed))) {
      event.offset = plan.from();
      event.bytes = fetched.bytes().byteSize();
      List<FrameSlot> ahead = new ArrayList<>();
      try {
        decodeAll(group, ahead, fetched.bytes(), event);
      } catch (Throwable e) {
        table.failUndone(ahead, e); // a caller may wait for these already
        throw e;
      }
    }
  }

  private void decodeAll(
      FrameGroup group, List<FrameSlot> ahead, MemorySegment frames, ReadBackEvent event) {
    boolean hasOthers =
        group.slots().size() > 1 || group.plan().from() + frames.byteSize() > group.end();
    List<FramedBatchReader.Run> runs = hasOthers ? reader.runs(frames) : List.of();
    // These are in the table before a waiting caller wakes, which would ask for them again.
    table.addAhead(group, runs, ahead);
    event.framesAhead = ahead.size();
    counters.framesAhead.add(ahead.size());
    for (FrameSlot slot : group.slots()) {
      decode(group, slot, frames, event);
    }
    for (FrameSlot slot : ahead) {
      decode(group, slot, frames, event);
    }
  }

  private void decode(FrameGroup group, FrameSlot slot, MemorySegment frames, ReadBackEvent event) {
    MemorySegment own = frames.asSlice(slot.offset() - group.plan().from(), slot.place.length());
    try {
      DecodedBatch decoded = decodedOrReadAgain(group.key(), slot, own);
      table.keep(slot, decoded);
    } catch (RuntimeException e) {
      event.failure = e.getClass().getSimpleName();
      table.fail(slot, e);
    }
  }

  private DecodedBatch decodedOrReadAgain(String key, FrameSlot slot, MemorySegment frames) {
    DecodedBatch decoded;
    try {
      decoded = reader.decodeRun(key, slot.offset(), frames);
    } catch (CorruptionException | WrongKeyException bad) {
      if (table.giveUpUnused(slot)) {
        throw bad;
      }
      return reader.readFrames(key, slot.offset(), slot.place.length());
    }
    if (disk != null) {
      disk.put(slot.reference, frames);
    }
    return decoded;
  }

  /** Drops the frames of a reference from the local file. */
  void forget(ColdReference reference) {
    if (disk != null) {
      disk.forget(reference);
    }
  }

  /**
   * Returns what was counted.
   *
   * @param cachedBytes native memory of what is kept.
   */
  ReadBackStats stats(long cachedBytes) {
    return new ReadBackStats(
        counters.fetches.sum(),
        hedged.hedges.sum(),
        hedged.won.sum(),
        counters.framesShared.sum(),
        counters.framesAhead.sum(),
        counters.memoryHits.sum(),
        counters.diskHits.sum(),
        cachedBytes);
  }

  /** Interrupts the fetches in progress, which then fail, and closes the local file. */
  @Override
  public void close() {
    threads.shutdownNow();
    if (disk != null) {
      disk.close();
    }
  }
}
