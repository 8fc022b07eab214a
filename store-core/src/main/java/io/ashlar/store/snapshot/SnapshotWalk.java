package io.ashlar.store.snapshot;

import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.index.BucketWalk;
import io.ashlar.store.index.EntryVisitor;

/**
 * One exact walk over a view, bucket by bucket of the index.
 *
 * <p><b>A step.</b> Copy one bucket of the index, at a moment t. Visit the entries in the copy that
 * belong to the view, and note their ids. Then visit the superseded entries whose ids fall into the
 * same range of hashes, except for the ids noted.
 *
 * <p><b>Each id is visited exactly once,</b> whenever it changes:
 *
 * <ul>
 *   <li><i>Superseded before t:</i> the copy shows a later version, which is not the view's. The
 *       old entry is among the superseded ones, which are searched after t.
 *   <li><i>Superseded after t:</i> the copy shows the view's entry. It is visited and noted, so the
 *       superseded entry is skipped.
 *   <li><i>Never superseded:</i> only the copy shows it.
 * </ul>
 *
 * <p>Thread: one. Made for one walk.
 */
final class SnapshotWalk {

  private final SnapshotView view;
  private final BlobIndex index;
  private final EntryVisitor visitor;
  private final BucketWalk indexWalk = new BucketWalk();
  private final BucketWalk entriesWalk = new BucketWalk();
  private final IdSet visited = new IdSet();
  private final BlobLocation found = new BlobLocation();

  SnapshotWalk(SnapshotView view, EntryVisitor visitor) {
    this.view = view;
    this.index = view.index();
    this.visitor = visitor;
  }

  void run() {
    long cursor = 0;
    while (cursor >= 0) {
      visited.clear();
      long from = cursor;
      cursor = indexWalk.visit(index, from, this::visitCurrent);
      while (!visitSuperseded(from, cursor)) {
        Thread.onSpinWait();
      }
      view.checkOpen();
    }
  }

  private void visitCurrent(long idHigh, long idLow, BlobLocation location) {
    if (location.version() > view.sequence()) {
      return;
    }
    visited.add(idHigh, idLow);
    if (location.kind() != BlobLocation.Kind.EVICTED) {
      visitor.visit(idHigh, idLow, location);
    } else if (view.find(idHigh, idLow, found)) { // it may have been stored then
      visitor.visit(idHigh, idLow, found);
    }
  }

  /**
   * Visits a range of all sets; returns false if a set has gone, and the caller must repeat the
   * visit.
   */
  private boolean visitSuperseded(long from, long to) {
    for (SnapshotView other : view.allViews()) {
      if (other.sequence() < view.sequence()) {
        continue;
      }
      if (!other.entries().tryEnter()) {
        view.checkOpen();
        return false;
      }
      try {
        BlobIndex table = other.entries().table();
        if (table != null) {
          entriesWalk.visitRange(table, from, to, this::visitKept);
        }
      } finally {
        other.entries().exit();
      }
    }
    return true;
  }

  private void visitKept(long idHigh, long idLow, BlobLocation location) {
    if (location.version() <= view.sequence() && visited.add(idHigh, idLow)) {
      visitor.visit(idHigh, idLow, location);
    }
  }
}
