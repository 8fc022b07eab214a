package io.ashlar.store.local;

import io.ashlar.store.BlobId;
import io.ashlar.store.commit.CommitPath;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.ChangeVisitor;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.EvictedVisitor;
import io.ashlar.store.spi.Eviction;
import java.util.List;

/**
 * Serves a tier from the index: the changes since a sequence, and evictions. Thread: any; the
 * caller has entered the store's gate.
 */
final class TierSide {

  /** How many evictions go into one epoch. */
  private static final int EVICTIONS_MAX = 32_768;

  private final BlobIndex index;
  private final CommitPath commitPath;

  TierSide(BlobIndex index, CommitPath commitPath) {
    this.index = index;
    this.commitPath = commitPath;
  }

  /** Implements {@link io.ashlar.store.spi.TierSource#forEachChange}. */
  void forEachChange(long afterSequence, long throughSequence, ChangeVisitor visitor) {
    index.forEach((idHigh, idLow, location) -> {
      if (location.version() > afterSequence && location.version() <= throughSequence) {
        visitor.onChange(change(idHigh, idLow, location));
      }
    });
  }

  /** Returns an entry as the tier sees it. */
  static BlobChange change(long idHigh, long idLow, BlobLocation location) {
    BlobChange.Kind kind =
        switch (location.kind()) {
          case STORED -> BlobChange.Kind.STORED;
          case EVICTED -> BlobChange.Kind.EVICTED;
          case TOMBSTONE, ABSENT -> BlobChange.Kind.DELETED;
        };
    return new BlobChange(
        new BlobId(idHigh, idLow),
        location.version(),
        kind,
        kind == BlobChange.Kind.DELETED ? 0 : location.lengthBytes(),
        kind == BlobChange.Kind.DELETED ? 0 : location.crc32c(),
        kind == BlobChange.Kind.STORED ? location.startBlock() : 0);
  }

  /** Implements {@link io.ashlar.store.spi.TierSource#evict}. */
  int evict(List<Eviction> evictions) {
    int evicted = 0;
    for (int from = 0; from < evictions.size(); from += EVICTIONS_MAX) {
      List<Eviction> some =
          evictions.subList(from, Math.min(evictions.size(), from + EVICTIONS_MAX));
      evictSome(some);
      evicted += countEvicted(some);
    }
    return evicted;
  }

  /** Implements {@link io.ashlar.store.spi.TierSource#forEachEvicted}. */
  void forEachEvicted(EvictedVisitor visitor) {
    index.forEach((idHigh, idLow, location) -> {
      if (location.kind() == BlobLocation.Kind.EVICTED) {
        visitor.onEvicted(
            change(idHigh, idLow, location),
            new ColdReference(location.cold0(), location.cold1(), location.cold2()));
      }
    });
  }

  /** Implements {@link io.ashlar.store.spi.TierSource#moveCold}. */
  void moveCold(List<Eviction> moves) {
    for (int from = 0; from < moves.size(); from += EVICTIONS_MAX) {
      List<Eviction> some = moves.subList(from, Math.min(moves.size(), from + EVICTIONS_MAX));
      commitPath.commitColdMoves(sink -> {
        for (Eviction move : some) {
          BlobChange change = move.change();
          sink.add(
              change.id().high(),
              change.id().low(),
              change.sequence(),
              move.reference().first(),
              move.reference().second(),
              move.reference().third());
        }
      });
    }
  }

  private int countEvicted(List<Eviction> evictions) {
    BlobLocation now = new BlobLocation();
    int evicted = 0;
    for (Eviction eviction : evictions) {
      BlobChange change = eviction.change();
      if (change.kind() == BlobChange.Kind.STORED
          && index.find(change.id().high(), change.id().low(), now)
          && now.kind() == BlobLocation.Kind.EVICTED
          && now.version() == change.sequence()) {
        evicted++;
      }
    }
    return evicted;
  }

  private void evictSome(List<Eviction> evictions) {
    commitPath.commitEvictions(sink -> {
      for (Eviction eviction : evictions) {
        BlobChange change = eviction.change();
        sink.add(
            change.id().high(),
            change.id().low(),
            change.sequence(),
            change.startBlock(),
            eviction.reference().first(),
            eviction.reference().second(),
            eviction.reference().third());
      }
    });
  }
}
