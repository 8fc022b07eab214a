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
 *   <li>Read the index's entry of the id. It is the answer if its version is at most {@code s} and
 *       it is not evicted: the put or delete of record p ≤ s is still the last one. A relocation
 *       keeps the version, because the bytes are the same elsewhere.
 *   <li>Otherwise search the sets of superseded entries: this snapshot's, then the next newer
 *       one's, and so on. The answer is the id's entry with a version of at most {@code s}, if
 *       there is one.
 *   <li>Otherwise the index's entry is the answer if it was evicted with a version of at most
 *       {@code s}. If not, the id held no blob.
 *   <li>In any case check last that the view is still open.
 * </ol>
 *
 * <p><b>Why the answer is right without a second look at the index.</b> Let p be the id's version
 * at {@code s}. Let f > s be the record that superseded it, if any did.
 *
 * <ul>
 *   <li><i>Step 1 saw the state before f.</i> Then it saw version p ≤ s, which is right. A later
 *       state has a version of at least f > s, or no entry, because versions only rise. So step 1
 *       never takes a wrong entry for the right one.
 *   <li><i>Step 1 saw the state after f.</i> Then step 2 finds the old entry, for three reasons.
 *       The role's holder kept it <i>before</i> it changed the index ({@link
 *       io.ashlar.store.index.EntryKeeper}). The index's sequence lock publishes what was written
 *       before a change to every reader of the change. And the entry went to the set of S, the
 *       newest snapshot open at f, with p ≤ s ≤ S.
 *   <li><i>The entry has left that set.</i> An entry that this view needs leaves a set only with
 *       the whole set. Before that, it is added to the set of an older snapshot at or after {@code
 *       s}. A reader that comes too late for a set cannot enter it, and begins again with the
 *       current sets.
 *   <li><i>Step 1 saw no version up to s, and step 2 found nothing.</i> Then there was no entry at
 *       {@code s}. Otherwise one of the cases above would apply.
 *   <li><i>No set holds a wrong answer.</i> Every entry in the set of a snapshot at or after {@code
 *       s} was superseded after {@code s}. If its version is at most {@code s}, it was valid at
 *       {@code s}.
 *   <li><i>The blob was evicted at e > s.</i> The stored entry was kept before the index changed,
 *       as above. Step 2 gives it, and its bytes are still here. If the blob was evicted before
 *       {@code s}, step 2 finds nothing, and step 3 gives the evicted entry.
 *   <li><i>A set lost its memory, or an extent its pin, during the lookup.</i> That happens only to
 *       views that are no longer open, and their state changes first. So step 4 fails after every
 *       answer that this made wrong.
 * </ul>
 *
 * <p><b>Reading the extent</b> follows rule L21: look up, read, look up again, compare. An entry
 * that moved from the index to a set is the same entry, field by field, and its extent was pinned
 * (rule L27: p ≤ s &lt; f). So it counts as unchanged. An entry that was relocated has changed, and
 * is read again. So a blob that was there at {@code s} is never reported as missing. It is never
 * reported as damaged because its space was used again.
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
