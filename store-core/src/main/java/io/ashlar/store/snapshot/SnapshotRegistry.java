package io.ashlar.store.snapshot;

import io.ashlar.store.StoreException;
import io.ashlar.store.background.Governor;
import io.ashlar.store.background.PacedWork;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.index.BucketWalk;
import io.ashlar.store.index.EntryKeeper;
import io.ashlar.store.index.OperationApplier;
import io.ashlar.store.space.BlockSpace;
import io.ashlar.store.space.StoreContent;
import io.ashlar.store.spi.Driving;
import io.ashlar.store.spi.HandleTraces;
import io.ashlar.store.spi.Log;
import io.ashlar.store.spi.Uninterrupted;
import java.util.Arrays;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The open snapshots, and what was superseded since the oldest of them.
 *
 * <p><b>Which entries are kept</b> (rule L27). Take an entry that record p put and record f
 * superseded. It is kept, and its extent pinned, if and only if a snapshot s is open with p ≤ s
 * &lt; f. A snapshot is taken of the last record, so every open one is before f. So the newest, S,
 * decides: the entry is kept if p ≤ S, and goes to S's set. One entry would come twice: that of a
 * blob that was evicted after S and then replaced. Its stored entry is there already and serves
 * every snapshot.
 *
 * <p><b>When a snapshot closes</b>, its set is settled. Each entry with p ≤ s' goes to the newest
 * open snapshot s' before it. The others are given up, and their extents freed by rule L2. The
 * closing thread does this bucket by bucket, each under the commit role, so no commit waits for the
 * whole. A bucket has at most 1,792 entries and takes about a millisecond. Then the set is retired.
 * Until then its entries can still be found there.
 *
 * <p><b>Bounds.</b> When {@code entriesMax} entries are kept, the oldest snapshot is ended. This
 * takes no time, because no other snapshot needs its entries. They are freed in the background. If
 * new entries come faster, and twice as many are in memory, younger snapshots are ended too. A lack
 * of memory ends all. Commits never fail and never wait because of snapshots.
 *
 * <p>Thread: {@link #keep} the commit role's holder; the rest any.
 */
public final class SnapshotRegistry implements EntryKeeper, AutoCloseable {

  /** How many snapshots can be open at once; each takes 4 MiB at least once something changes. */
  public static final int OPEN_MAX = 64;

  /** The log, whose last durable record a snapshot is taken of. */
  public interface CommitLog {

    /** Runs something as the holder of the commit role, and waits for it. */
    void performWithRole(Runnable task);

    /** Returns the last durable record's number. */
    long sequence();

    /** Returns the last durable epoch's number. */
    long durableEpoch();
  }

  private static final SnapshotView[] NONE = {};

  private final BlobIndex index;
  private final OperationApplier applier;
  private final BlockSpace space;
  private final Poison poison;
  private final CommitLog log;
  private final Executor background;
  private final long entriesMax;
  private final @Nullable HandleTraces traces;
  private final Governor governor;
  private final Uninterrupted.PlainWait swept = // made here: the wait needs no heap
      () -> {
        while (this.sweeping > 0) {
          wait();
        }
      };

  /**
   * Every view whose entries are there, the oldest first; those of closed ones among them until
   * they are settled. Written by the role's holder, read by any thread; the array never changes.
   */
  private volatile SnapshotView[] views = NONE;

  private volatile int openCount; // written by the role's holder, read by any thread

  // The role's.
  private @Nullable SnapshotView newestOpen;
  private @Nullable SnapshotView heir;
  private @Nullable BucketWalk walk;
  private long keptEntries; // in the sets of open views
  private long leftEntries; // in those of closed and ended ones, not settled yet

  private volatile boolean stopping; // written by the closing thread, read by any
  private int sweeping; // guarded by this: background threads at work

  /**
   * Creates one without snapshots.
   *
   * @param content what snapshots are of.
   * @param log asked for its end while the commit role is held.
   * @param background frees the entries of ended snapshots.
   * @param entriesMax superseded entries to keep.
   * @param traces notes where snapshots are taken, if somebody wants to know.
   * @param governor says how long the freeing of entries rests.
   */
  public SnapshotRegistry(
      StoreContent content,
      Poison poison,
      CommitLog log,
      Executor background,
      long entriesMax,
      @Nullable HandleTraces traces,
      Governor governor) {
    this.governor = governor;
    index = content.index();
    applier = content.applier();
    space = content.space();
    this.poison = poison;
    this.log = log;
    this.background = background;
    this.entriesMax = entriesMax;
    this.traces = traces;
  }

  /**
   * Takes a snapshot of the last durable record.
   *
   * @throws io.ashlar.store.StoreFailedException if the store is poisoned.
   * @throws IllegalStateException if {@link #OPEN_MAX} are open.
   */
  public SnapshotView open() {
    SnapshotView[] opened = new SnapshotView[1];
    log.performWithRole(() -> opened[0] = openHere());
    if (traces != null) {
      traces.taken(opened[0], "snapshot");
    }
    return opened[0];
  }

  private SnapshotView openHere() {
    poison.check();
    if (openCount == OPEN_MAX) {
      throw new IllegalStateException(
          "too many snapshots are open: close some: open=" + openCount + ", most=" + OPEN_MAX,
          traces == null ? null : traces.oldest());
    }
    SnapshotView view = new SnapshotView(this, index, log.sequence(), log.durableEpoch()); // L27
    SnapshotView[] before = views;
    SnapshotView[] after = Arrays.copyOf(before, before.length + 1);
    after[before.length] = view;
    views = after;
    noteOpen();
    return view;
  }

  /** Closes a view, and gives up what only it needs; idempotent. Waits for no reader. */
  public void close(SnapshotView view) {
    if (traces != null) {
      traces.returned(view);
    }
    try {
      boolean[] own = new boolean[1];
      log.performWithRole(() -> {
        own[0] = view.isOpen();
        if (own[0]) {
          view.setClosed();
          leave(view);
        }
      });
      if (own[0]) {
        settle(view);
      }
    } catch (StoreException e) {
      // The store's ring has failed or it closes: then nothing of this will be used again.
      Log.log(
          SnapshotRegistry.class,
          System.Logger.Level.DEBUG,
          "a snapshot was left to the store's close",
          e);
    }
  }

  /** Notes that a view is not open any more. Thread: the commit role's holder. */
  private void leave(SnapshotView view) {
    keptEntries -= view.entries().count();
    leftEntries += view.entries().count();
    noteOpen();
  }

  private void noteOpen() {
    SnapshotView newest = null;
    int open = 0;
    for (SnapshotView view : views) {
      if (view.isOpen()) {
        newest = view;
        open++;
      }
    }
    newestOpen = newest;
    openCount = open;
    applier.keeper(newest == null ? null : this);
  }

  /** Gives up the entries of a view that is not open any more, bucket by bucket. */
  private void settle(SnapshotView view) {
    boolean[] done = new boolean[1];
    PacedWork pace = governor.beginAhead(); // who closed the snapshot waits
    while (!done[0] && !stopping) {
      log.performWithRole(() -> done[0] = settleBucket(view));
      if (!done[0]) {
        pace.rest(0);
      }
    }
  }

  private boolean settleBucket(SnapshotView view) {
    if (view.isSettled()) {
      return true;
    }
    BlobIndex table = view.entries().table();
    if (table != null) {
      heir = newestOpenBefore(view);
      if (walk == null) {
        walk = new BucketWalk();
      }
      view.cursor(
          walk.visit(
              table, view.cursor(), (idHigh, idLow, entry) -> pass(view, idHigh, idLow, entry)));
      if (view.cursor() >= 0) {
        return false;
      }
    }
    SnapshotView[] before = views;
    views = Arrays.stream(before).filter(other -> other != view).toArray(SnapshotView[]::new);
    view.setSettled();
    view.entries().retire();
    return true;
  }

  private @Nullable SnapshotView newestOpenBefore(SnapshotView view) {
    SnapshotView newest = null;
    for (SnapshotView other : views) {
      if (other == view) {
        break;
      }
      newest = other.isOpen() ? other : newest;
    }
    return newest;
  }

  /** Gives an entry to the next older snapshot, if that needs it, or frees its extent. */
  private void pass(SnapshotView from, long idHigh, long idLow, BlobLocation entry) {
    leftEntries--;
    SnapshotView to = heir;
    long lastSequence = from.entries().lastSequence();
    if (to != null
        && entry.version() <= to.sequence()
        && !to.entries().has(idHigh, idLow)
        && add(to, idHigh, idLow, entry, lastSequence)) {
      return;
    }
    long blocks = blocksOf(entry);
    if (blocks > 0) {
      space.unpin(lastSequence, entry.startBlock(), blocks);
    }
  }

  /** Adds an entry to a set; without memory for it, ends every snapshot and returns false. */
  private boolean add(
      SnapshotView to, long idHigh, long idLow, BlobLocation entry, long superseding) {
    try {
      to.entries().add(idHigh, idLow, entry, superseding);
    } catch (RuntimeException e) {
      heir = null;
      for (SnapshotView view : views) {
        if (view.isOpen()) {
          end(view, "memory for superseded entries could not be allocated: " + e.getMessage());
        }
      }
      return false;
    }
    keptEntries++;
    return true;
  }

  private static long blocksOf(BlobLocation entry) {
    return entry.kind() == BlobLocation.Kind.STORED ? entry.blocks() : 0;
  }

  @Override
  public boolean keep(long idHigh, long idLow, BlobLocation entry, long superseding) {
    while (keptEntries >= entriesMax || keptEntries + leftEntries >= 2 * entriesMax) {
      SnapshotView oldest = oldestOpen();
      if (oldest == null) {
        return false;
      }
      end(oldest, "more entries were superseded than are kept for snapshots");
    }
    SnapshotView newest = newestOpen;
    if (newest == null
        || entry.version() > newest.sequence() // L27: put at p, kept iff p <= s
        || (entry.kind() == BlobLocation.Kind.EVICTED && isKept(newest, idHigh, idLow, entry))
        || !add(newest, idHigh, idLow, entry, superseding)) {
      return false;
    }
    long blocks = blocksOf(entry);
    if (blocks > 0) {
      space.pin(blocks);
    }
    return true;
  }

  /** Returns whether the blob was kept when it was evicted, at or after a view. */
  private boolean isKept(SnapshotView since, long idHigh, long idLow, BlobLocation entry) {
    BlobLocation kept = new BlobLocation();
    for (SnapshotView view : views) {
      BlobIndex table = view.entries().table();
      if (view.sequence() >= since.sequence()
          && table != null
          && table.find(idHigh, idLow, kept)
          && kept.version() == entry.version()) {
        return true;
      }
    }
    return false;
  }

  /** Returns the sequence of the oldest open snapshot, or {@link Long#MAX_VALUE}. Thread: any. */
  public long oldestSequence() {
    SnapshotView oldest = oldestOpen();
    return oldest == null ? Long.MAX_VALUE : oldest.sequence();
  }

  private @Nullable SnapshotView oldestOpen() {
    for (SnapshotView view : views) {
      if (view.isOpen()) {
        return view;
      }
    }
    return null;
  }

  /** Ends a snapshot; its entries are freed in the background. */
  private void end(SnapshotView view, String why) {
    String message =
        "the store has ended this snapshot, because "
            + why
            + ": open a new one; close snapshots sooner, or raise snapshotEntriesMax: sequence="
            + view.sequence()
            + ", snapshotEntriesMax="
            + entriesMax;
    view.setEnded(message);
    leave(view);
    Log.log(SnapshotRegistry.class, System.Logger.Level.INFO, message);
    try {
      background.execute(() -> settleInBackground(view));
    } catch (RuntimeException | Error e) { // no thread can be had, or no heap for the task
      leftToClose(e);
    }
  }

  private void settleInBackground(SnapshotView view) {
    synchronized (this) {
      if (stopping) {
        return;
      }
      sweeping++;
    }
    try {
      settle(view);
    } catch (StoreException e) {
      leftToClose(e);
    } finally {
      synchronized (this) {
        sweeping--;
        notifyAll();
      }
    }
  }

  private static void leftToClose(Throwable why) {
    Log.log(
        SnapshotRegistry.class,
        System.Logger.Level.DEBUG,
        "an ended snapshot was left to the store's close",
        why);
  }

  /** Returns every view whose entries are there, the oldest first; not to be changed. */
  SnapshotView[] views() {
    return views;
  }

  /** Returns how many snapshots are open. */
  public int openCount() {
    return openCount;
  }

  /** Returns the native memory of all superseded entries. */
  public long memoryBytes() {
    long bytes = 0;
    for (SnapshotView view : views) {
      if (view.entries().tryEnter()) {
        bytes += view.entries().memoryBytes();
        view.entries().exit();
      }
    }
    return bytes;
  }

  /**
   * Waits for background work and lets none begin: before the commit role goes. No other thread may
   * still be using the store.
   */
  public void stop() {
    setStopping();
    Driving.until(this, () -> !isSweeping()); // a sweep may wait for the role
    synchronized (this) {
      Uninterrupted.run(swept);
    }
  }

  private synchronized void setStopping() {
    stopping = true;
  }

  private synchronized boolean isSweeping() {
    return sweeping > 0;
  }

  /** Frees the memory; after {@link #stop}, and after the last commit. Idempotent. */
  @Override
  public void close() {
    applier.keeper(null);
    SnapshotView[] left = views;
    views = NONE;
    for (SnapshotView view : left) {
      view.setClosed();
      view.entries().retire();
    }
  }
}
