package io.ashlar.tier.readback;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.WrongKeyException;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.FutureOutcomes;
import io.ashlar.tier.ReadBackConfig;
import io.ashlar.tier.ReadBackStats;
import io.ashlar.tier.batch.FramedBatchFormat;
import io.ashlar.tier.batch.FramedBatchReader;
import io.ashlar.tier.checkpoint.TierKeys;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Decoded frames of batches, and whole old batches, kept for the next blob of the same: at most
 * {@value #ENTRIES_MAX} and at most so many bytes, the least recently used first to go. Callers
 * that ask for one at the same time share one fetch, and frames of one batch that are asked for at
 * the same time share one GET.
 *
 * <pre>
 *            use(): first asker        a fetch takes it         fetched             out of bounds, close()
 *  (absent) ------------------> WAITING -------------> FETCHING -----> KEPT --------------------------> DROPPED
 *      ^                                                  | failed      ^ use()                            |
 *      +--------------------------------------------------+             | read ahead     last user left    v
 *      +----------------------------------------------------------------+                                freed
 * </pre>
 *
 * <p>At most {@value #FETCHES_MAX} fetches run at once; what is asked for meanwhile waits, and the
 * next fetch takes all of it that lies near. They run on threads of the cache's own, so that an
 * interrupt of a reader breaks no request that others wait for; closing ends them.
 *
 * <p>Thread: any. Memory: each entry is freed when it is dropped and its last user has left.
 */
final class BatchCache implements AutoCloseable {
  static final int ENTRIES_MAX = 16_384;
  static final int FETCHES_MAX = 8;

  private static final long SPAN_BYTES_MAX = 8L << 20;

  private static final class Slot {
    final ColdReference reference;
    final ColdPlace place;
    final CompletableFuture<DecodedBatch> fetched = new CompletableFuture<>();
    // The fields below are guarded by the lock.
    int users;
    long bytes;
    boolean dropped;
    boolean waiting = true;

    Slot(ColdReference reference, ColdPlace place) {
      this.reference = reference;
      this.place = place;
    }

    long offset() {
      return place.offset();
    }

    long end() {
      return place.offset() + place.length();
    }
  }

  /** What one fetch reads: slots of one batch, in the order of their offsets. */
  private record Group(String key, List<Slot> slots, ReadAhead.Plan plan) {}

  private final BatchReader reader;
  private final ReadBackConfig config;
  private final @Nullable FrameDisk disk;
  private final HedgedReads hedged;
  private final ReadBackCounters counters = new ReadBackCounters();
  private final ReentrantLock lock = new ReentrantLock();
  private final Semaphore fetches = new Semaphore(FETCHES_MAX);
  private final ExecutorService threads;

  // Guarded by the lock.
  private final LinkedHashMap<ColdReference, Slot> slots = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<TierKeys.BatchName, List<Slot>> waiting = new HashMap<>();
  private final ReadAhead readAhead;
  private long bytes;
  private boolean closed;

  BatchCache(BatchReader reader, ReadBackConfig config, @Nullable FrameDisk disk) {
    this(
        reader,
        config,
        disk,
        Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("ashlar-tier-read-back-", 0).factory()));
  }

  /** Fetches on {@code threads}, which end with this. */
  BatchCache(
      BatchReader reader,
      ReadBackConfig config,
      @Nullable FrameDisk disk,
      ExecutorService threads) {
    this.threads = threads;
    this.reader = reader;
    this.config = config;
    this.disk = disk;
    this.hedged = new HedgedReads(config);
    // What is read ahead must have room, or it pushes itself out.
    this.readAhead =
        new ReadAhead(
            Math.min(config.aheadBytesMax(), config.cacheBytes() / 2),
            config.gapBytesMax(),
            FramedBatchFormat.HEADER_BYTES);
  }

  /**
   * Uses the frames that a reference names, or the whole batch; they stay in memory until {@code
   * use} returns.
   *
   * @param place what the reference says.
   * @throws CompletionException around what the fetch threw, told to each that waited for it.
   * @throws IllegalStateException if the cache is closed.
   */
  <T> T use(ColdReference reference, ColdPlace place, Function<DecodedBatch, T> use) {
    Slot slot;
    lock.lock();
    try {
      checkOpen();
      slot = slots.get(reference);
      if (slot == null) {
        slot = ask(reference, place);
      } else if (slot.fetched.isDone()) {
        counters.memoryHits.increment();
      }
      slot.users++;
    } finally {
      lock.unlock();
    }
    try {
      return use.apply(slot.fetched.join());
    } finally {
      leave(slot);
    }
  }

  /** Makes a slot that a thread fetches; leaves none if there is no thread or no heap for it. */
  private Slot ask(ColdReference reference, ColdPlace place) {
    Slot slot = new Slot(reference, place);
    boolean begun = false;
    try {
      slots.put(reference, slot);
      waiting.computeIfAbsent(place.name(), name -> new ArrayList<>()).add(slot);
      threads.execute(() -> fetchWith(slot));
      begun = true;
      return slot;
    } finally {
      if (!begun) {
        slots.remove(reference, slot);
        noLongerWaiting(slot);
      }
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("batch cache is closed");
    }
  }

  /** Fetches a slot, and with it what else waits nearby, unless another fetch took it. */
  private void fetchWith(Slot asked) {
    if (config.windowUs() > 0) {
      LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(config.windowUs()));
    }
    fetches.acquireUninterruptibly();
    try {
      if (fromDisk(asked)) {
        return;
      }
      Group group = take(asked);
      if (group != null) {
        fetchOrFail(group);
      }
    } catch (Throwable e) {
      if (takeAlone(asked)) { // no other fetch will tell those who wait
        fail(asked, e);
      }
    } finally {
      fetches.release();
    }
  }

  private boolean fromDisk(Slot asked) {
    if (disk == null || asked.place.isWhole()) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment frames = disk.find(asked.reference, arena);
      if (frames == null || !takeAlone(asked)) {
        return false;
      }
      try {
        decodeFromDisk(asked, disk, frames);
      } catch (Throwable e) {
        fail(asked, e);
      }
      return true;
    }
  }

  private void decodeFromDisk(Slot asked, FrameDisk frameDisk, MemorySegment frames) {
    DecodedBatch decoded;
    try {
      decoded = reader.decodeRun(asked.place.key(), asked.offset(), frames);
    } catch (RuntimeException damaged) {
      frameDisk.forget(asked.reference);
      fetchOrFail(new Group(asked.place.key(), List.of(asked), alone(asked)));
      return;
    }
    counters.diskHits.increment();
    keep(asked, decoded);
  }

  private static ReadAhead.Plan alone(Slot asked) {
    return new ReadAhead.Plan(asked.offset(), asked.end());
  }

  private boolean takeAlone(Slot asked) {
    lock.lock();
    try {
      boolean taken = asked.waiting;
      if (taken) {
        noLongerWaiting(asked);
      }
      return taken;
    } finally {
      lock.unlock();
    }
  }

  private void noLongerWaiting(Slot slot) {
    slot.waiting = false;
    List<Slot> others = waiting.get(slot.place.name());
    if (others != null) {
      others.remove(slot);
      if (others.isEmpty()) {
        waiting.remove(slot.place.name());
      }
    }
  }

  private @Nullable Group take(Slot asked) {
    lock.lock();
    try {
      if (!asked.waiting) {
        return null;
      }
      String key = asked.place.key();
      if (asked.place.isWhole()) {
        Group whole = new Group(key, List.of(asked), new ReadAhead.Plan(0, 0));
        noLongerWaiting(asked);
        return whole;
      }
      List<Slot> near = near(asked, waiting.getOrDefault(asked.place.name(), List.of()));
      long end = near.stream().mapToLong(Slot::end).max().orElse(asked.end());
      Group group = new Group(key, near, readAhead.plan(key, near.getFirst().offset(), end));
      for (int i = 0; i < near.size(); i++) { // last, and without an iterator: all or none
        noLongerWaiting(near.get(i));
      }
      return group;
    } finally {
      lock.unlock();
    }
  }

  /** What waits so near to {@code asked}, over others if need be, that one GET is better. */
  private List<Slot> near(Slot asked, List<Slot> candidates) {
    List<Slot> sorted = new ArrayList<>(candidates);
    sorted.removeIf(slot -> slot.place.isWhole());
    sorted.sort((a, b) -> Long.compare(a.offset(), b.offset()));
    int first = sorted.indexOf(asked);
    int last = first;
    long start = asked.offset();
    long end = asked.end();
    while (last + 1 < sorted.size() && fits(start, end, sorted.get(last + 1))) {
      end = Math.max(end, sorted.get(++last).end());
    }
    while (first > 0 && fits(start, end, sorted.get(first - 1))) {
      start = sorted.get(--first).offset();
      end = Math.max(end, sorted.get(first).end());
    }
    return List.copyOf(sorted.subList(first, last + 1));
  }

  private boolean fits(long start, long end, Slot other) {
    long gap = other.offset() >= start ? other.offset() - end : start - other.end();
    long span = Math.max(end, other.end()) - Math.min(start, other.offset());
    return gap <= config.gapBytesMax() && span <= SPAN_BYTES_MAX;
  }

  private void fetchOrFail(Group group) {
    try {
      fetch(group);
    } catch (Throwable e) {
      failUndone(group.slots(), e);
    }
  }

  private void fetch(Group group) {
    ReadBackEvent event = new ReadBackEvent();
    event.begin();
    event.batch = group.key();
    event.framesAsked = group.slots().size();
    try {
      counters.fetches.increment();
      counters.framesShared.add(group.slots().size() - 1L);
      if (group.slots().getFirst().place.isWhole()) {
        Slot slot = group.slots().getFirst();
        DecodedBatch whole = hedged.read(() -> reader.read(group.key(), null));
        event.bytes = whole.bodyBytes();
        keep(slot, whole);
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

  private void fetchFrames(Group group, ReadBackEvent event) {
    ReadAhead.Plan plan = group.plan();
    long needed = group.slots().stream().mapToLong(Slot::end).max().orElse(0) - plan.from();
    try (BatchReader.Fetched fetched =
        hedged.read(
            () -> reader.fetch(group.key(), plan.from(), plan.end() - plan.from(), needed))) {
      event.offset = plan.from();
      event.bytes = fetched.bytes().byteSize();
      List<Slot> ahead = new ArrayList<>();
      try {
        decodeAll(group, ahead, fetched.bytes(), event);
      } catch (Throwable e) {
        failUndone(ahead, e); // somebody may wait for these already
        throw e;
      }
    }
  }

  private void decodeAll(Group group, List<Slot> ahead, MemorySegment frames, ReadBackEvent event) {
    // These are in the table before anybody wakes, who would else ask for them again.
    registerOthers(group, frames, ahead);
    event.framesAhead = ahead.size();
    counters.framesAhead.add(ahead.size());
    for (Slot slot : group.slots()) {
      decode(group, slot, frames, event);
    }
    for (Slot slot : ahead) {
      decode(group, slot, frames, event);
    }
  }

  private void decode(Group group, Slot slot, MemorySegment frames, ReadBackEvent event) {
    MemorySegment own = frames.asSlice(slot.offset() - group.plan().from(), slot.place.length());
    try {
      DecodedBatch decoded = decodedOrReadAgain(group.key(), slot, own);
      keep(slot, decoded);
    } catch (RuntimeException e) {
      event.failure = e.getClass().getSimpleName();
      fail(slot, e);
    }
  }

  private DecodedBatch decodedOrReadAgain(String key, Slot slot, MemorySegment frames) {
    DecodedBatch decoded;
    try {
      decoded = reader.decodeRun(key, slot.offset(), frames);
    } catch (CorruptionException | WrongKeyException bad) {
      if (giveUpUnused(slot)) {
        throw bad;
      }
      return reader.readFrames(key, slot.offset(), slot.place.length());
    }
    if (disk != null) {
      disk.put(slot.reference, frames);
    }
    return decoded;
  }

  /** Takes out a slot that was only read ahead; false if somebody waits for it. */
  private boolean giveUpUnused(Slot slot) {
    lock.lock();
    try {
      return slot.users == 0 && slots.remove(slot.reference, slot);
    } finally {
      lock.unlock();
    }
  }

  /** Drops what is kept of a reference, so that the next use of it fetches it. */
  void forget(ColdReference reference) {
    List<Slot> unused = new ArrayList<>();
    lock.lock();
    try {
      Slot slot = slots.get(reference);
      if (slot != null && slot.fetched.isDone()) {
        slots.remove(reference);
        drop(slot, unused);
      }
    } finally {
      lock.unlock();
    }
    unused.forEach(slot -> slot.fetched.join().close());
    if (disk != null) {
      disk.forget(reference);
    }
  }

  /** Makes slots for the frames that came with those asked for, as far as they have room. */
  private void registerOthers(Group group, MemorySegment frames, List<Slot> others) {
    long from = group.plan().from();
    long end = group.slots().stream().mapToLong(Slot::end).max().orElse(0);
    boolean hasOthers = group.slots().size() > 1 || from + frames.byteSize() > end;
    List<FramedBatchReader.Run> runs = hasOthers ? reader.runs(frames) : List.of();
    TierKeys.BatchName name = group.slots().getFirst().place.name();
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
        Slot slot = new Slot(reference, new ColdPlace(name, offset, run.length()));
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

  private void failUndone(List<Slot> fetching, Throwable failure) {
    for (int i = 0; i < fetching.size(); i++) { // without an iterator: the heap may be full
      if (!fetching.get(i).fetched.isDone()) {
        fail(fetching.get(i), failure);
      }
    }
  }

  private void fail(Slot slot, Throwable failure) {
    lock.lock();
    try {
      slots.remove(slot.reference, slot);
    } finally {
      lock.unlock();
    }
    FutureOutcomes.fail(slot.fetched, failure);
  }

  /** Hands what was decoded to those who wait, and keeps it if there is room. */
  private void keep(Slot slot, DecodedBatch decoded) {
    List<Slot> unused = new ArrayList<>();
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

  private void dropEldest(List<Slot> unused) {
    Iterator<Slot> eldest = slots.values().iterator();
    while ((bytes > config.cacheBytes() || slots.size() > ENTRIES_MAX) && eldest.hasNext()) {
      Slot old = eldest.next();
      if (old.bytes > 0) {
        eldest.remove();
        drop(old, unused);
      }
    }
  }

  /** Takes a slot out of the count; whoever holds the lock frees {@code unused} afterwards. */
  private void drop(Slot slot, List<Slot> unused) {
    slot.dropped = true;
    bytes -= slot.bytes;
    if (slot.users == 0 && slot.fetched.isDone()) {
      unused.add(slot);
    }
  }

  private void leave(Slot slot) {
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

  /** What was counted since it was made. */
  ReadBackStats stats() {
    return new ReadBackStats(
        counters.fetches.sum(),
        hedged.hedges.sum(),
        hedged.won.sum(),
        counters.framesShared.sum(),
        counters.framesAhead.sum(),
        counters.memoryHits.sum(),
        counters.diskHits.sum(),
        bytes());
  }

  /** Slots that no fetch has taken yet. */
  int waiting() {
    lock.lock();
    try {
      return waiting.values().stream().mapToInt(List::size).sum();
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
   * Drops everything; what is in use is freed when its last user leaves. Fetches that are on their
   * way are interrupted, and whoever waits for one is told that it failed. Idempotent.
   */
  @Override
  public void close() {
    List<Slot> unused = new ArrayList<>();
    lock.lock();
    try {
      if (closed) {
        return;
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
    threads.shutdownNow();
    if (disk != null) {
      disk.close();
    }
  }
}
