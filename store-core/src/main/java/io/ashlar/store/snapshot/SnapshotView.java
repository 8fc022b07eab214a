package io.ashlar.store.snapshot;

import io.ashlar.store.SnapshotEndedException;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.index.BlobLookup;
import io.ashlar.store.index.EntryVisitor;

/**
 * The state of the index after one log record, {@code s}.
 *
 * <pre>
 *   OPEN ──close (role)──▶ CLOSED        OPEN ──too many entries (role)──▶ ENDED
 * </pre>
 *
 * <p><b>The lookup.</b>
 *
 * <ol>
 *   <li>Read the index's entry of the id. If its version is at most {@code s} and it is not
 *       evicted, that is the answer: the put or delete of record p ≤ s is still the last one. (A
 *       relocation keeps the version: the bytes are the same, elsewhere.)
 *   <li>Else look through the superseded entries of this snapshot, then of the next newer one, and
 *       so on, for one of the id whose version is at most {@code s}. If there is one, that is the
 *       answer.
 *   <li>Else, if the index's entry was evicted with a version of at most {@code s}, it is the
 *       answer; else the id held no blob.
 *   <li>In any case the view must still be open, asked last.
 * </ol>
 *
 * <p><b>Why the answer is right, and no look back at the index is needed.</b> Let p be the version
 * that the id had at {@code s}, and f > s the record that superseded it, if any has.
 *
 * <ul>
 *   <li><i>Step 1 saw the state before f:</i> then its version is p ≤ s. If it saw a later state,
 *       its version is at least f > s, or there is no entry: versions only rise. So step 1 never
 *       takes a wrong entry for the right one.
 *   <li><i>Step 1 saw the state after f:</i> the role's holder kept the old entry <i>before</i> it
 *       changed the index ({@link io.ashlar.store.index.EntryKeeper}), and the index's sequence
 *       lock makes what was written before a change visible to who reads the change. So step 2
 *       finds it: it was kept for the newest snapshot S open at f, because p ≤ s ≤ S; and an entry
 *       that this view needs leaves a set only after it was added to an older one at or after
 *       {@code s}, and only with the whole set. A reader that comes too late for a set cannot enter
 *       it, and begins again with the current sets.
 *   <li><i>Nothing found in step 2, though step 1 saw no version up to s:</i> then there was no
 *       entry at s, since else one of the two cases above would apply.
 *   <li><i>No set holds a wrong answer:</i> an entry in a set of a snapshot at or after {@code s}
 *       was superseded after {@code s}, so with a version up to {@code s} it is the one that was
 *       valid then.
 *   <li><i>Evicted</i> at e > s: the stored entry was kept before the index changed, as above, so
 *       step 2 gives it, and its bytes are still here. Evicted before s: step 2 finds nothing.
 *   <li>Sets lose their memory, and extents their pins, only for views that are not open, and the
 *       state is changed before: so an answer that this made wrong is followed by a failing step 4.
 * </ul>
 *
 * <p>An extent is read by rule L21: look up, read, look up again and compare. An entry that moved
 * from the index to a set meanwhile is the same entry, field by field, and its extent was pinned
 * (rule L27: p ≤ s &lt; f), so it counts as unchanged; one that was relocated does not, and is read
 * again. So a blob that was there at {@code s} is never reported as missing, nor as damaged because
 * its space was used again.
 *
 * <p>Thread: {@link #find}, {@link #forEach} and the getters any; the rest the commit role's
 * holder.
 */
public final class SnapshotView implements BlobLookup {

  private enum State {
    OPEN,
    CLOSED,
    ENDED
  }

  private static final int FOUND = 1;
  private static final int NOT_FOUND = 0;
  private static final int AGAIN = -1;

  private final SnapshotRegistry registry;
  private final BlobIndex index;
  private final long sequence;
  private final long epoch;
  private final SupersededEntries entries;
  private volatile State state = State.OPEN; // written by the role's holder, read by any thread
  private volatile String whyEnded = ""; // written before state

  // The role's: how far the entries have been given up.
  private long cursor;
  private boolean settled;

  SnapshotView(SnapshotRegistry registry, BlobIndex index, long sequence, long epoch) {
    this.registry = registry;
    this.index = index;
    this.sequence = sequence;
    this.epoch = epoch;
    entries = new SupersededEntries(index);
  }

  /** Returns the last log record that is part of this view. */
  public long sequence() {
    return sequence;
  }

  /** Returns the last epoch that is part of this view. */
  public long epoch() {
    return epoch;
  }

  /**
   * Looks an id up in the state of this view.
   *
   * @throws SnapshotEndedException if the snapshot was ended.
   * @throws IllegalStateException if it was closed.
   */
  @Override
  public boolean find(long idHigh, long idLow, BlobLocation into) {
    while (true) {
      var _ = index.find(idHigh, idLow, into);
      if (isOfThisView(into) && into.kind() != BlobLocation.Kind.EVICTED) {
        break;
      }
      boolean evicted = isOfThisView(into);
      int found = findSuperseded(idHigh, idLow, into);
      if (found == FOUND) {
        break;
      }
      if (found == NOT_FOUND && !evicted) {
        into.setAbsent();
        break;
      }
      if (found == NOT_FOUND) {
        var _ = index.find(idHigh, idLow, into);
        if (isOfThisView(into)) {
          break;
        }
      }
      checkOpen();
    }
    checkOpen();
    return into.isLive();
  }

  /** Looks through the sets; {@link #AGAIN} when one of them has gone meanwhile. */
  private int findSuperseded(long idHigh, long idLow, BlobLocation into) {
    for (SnapshotView other : registry.views()) {
      if (other.sequence < sequence) {
        continue;
      }
      if (!other.entries.tryEnter()) {
        return AGAIN;
      }
      try {
        BlobIndex table = other.entries.table();
        if (table != null) {
          var _ = table.find(idHigh, idLow, into);
          if (isOfThisView(into)) {
            return FOUND;
          }
        }
      } finally {
        other.entries.exit();
      }
    }
    return NOT_FOUND;
  }

  private boolean isOfThisView(BlobLocation entry) {
    return entry.kind() != BlobLocation.Kind.ABSENT && entry.version() <= sequence;
  }

  /**
   * Visits every entry that there was, tombstones included, each id once. The visitor may be slow,
   * and may look things up and change them. Allocates about 500 KB of heap.
   *
   * @throws SnapshotEndedException if the snapshot was ended; what was visited before was right.
   * @throws IllegalStateException if it was closed.
   */
  public void forEach(EntryVisitor visitor) {
    new SnapshotWalk(this, visitor).run();
    checkOpen();
  }

  BlobIndex index() {
    return index;
  }

  /** Returns all views, the oldest first, this one among them while it is open. */
  SnapshotView[] allViews() {
    return registry.views();
  }

  SupersededEntries entries() {
    return entries;
  }

  /** Throws unless open. */
  void checkOpen() {
    switch (state) {
      case OPEN -> {}
      case CLOSED -> throw new IllegalStateException("the snapshot was closed");
      case ENDED -> throw new SnapshotEndedException(whyEnded, null);
    }
  }

  // ---- the commit role's holder

  boolean isOpen() {
    return state == State.OPEN;
  }

  void setClosed() {
    state = State.CLOSED;
  }

  void setEnded(String why) {
    whyEnded = why;
    state = State.ENDED;
  }

  long cursor() {
    return cursor;
  }

  void cursor(long next) {
    cursor = next;
  }

  boolean isSettled() {
    return settled;
  }

  void setSettled() {
    settled = true;
  }
}
