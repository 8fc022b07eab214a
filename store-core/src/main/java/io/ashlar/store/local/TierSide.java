package io.ashlar.store.local;

import io.ashlar.store.BlobId;
import io.ashlar.store.background.Governor;
import io.ashlar.store.background.PacedWork;
import io.ashlar.store.checkpoint.SuperblockPair;
import io.ashlar.store.commit.CommitPath;
import io.ashlar.store.disk.GuardedDisk;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.index.EntryVisitor;
import io.ashlar.store.index.OperationApplier;
import io.ashlar.store.space.StoreContent;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.ChangeVisitor;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.EvictedVisitor;
import io.ashlar.store.spi.Eviction;
import io.ashlar.store.spi.ManifestNotes;
import io.ashlar.uring.NativeException;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Serves a tier: the changes since a sequence, evictions, and what the file notes of the tier. Each
 * call is within the store's gate.
 *
 * <p>Thread: any.
 */
final class TierSide {

  /** How many evictions go into one epoch. */
  private static final int EVICTIONS_MAX = 512;

  /** How many tombstones are dropped while the commit role is held. */
  private static final int TOMBSTONES_MAX = 256;

  private final StoreGate gate;
  private final GuardedDisk disk;
  private final BlobIndex index;
  private final OperationApplier applier;
  private final SuperblockPair superblocks;
  private final CommitPath commitPath;
  private final Governor governor;

  TierSide(
      StoreGate gate,
      GuardedDisk disk,
      StoreContent content,
      SuperblockPair superblocks,
      CommitPath commitPath,
      Governor governor) {
    this.gate = gate;
    this.disk = disk;
    index = content.index();
    applier = content.applier();
    this.superblocks = superblocks;
    this.commitPath = commitPath;
    this.governor = governor;
  }

  /** Implements {@link io.ashlar.store.spi.TierSource#markTiered}. */
  void markTiered() {
    writeSuperblocks(superblocks::setTiered);
    withRole(() -> {
      disk.poison().check();
      applier.keepTombstones(true);
    });
  }

  private void withRole(Runnable task) {
    gate.enter();
    try {
      commitPath.performWithRole(task);
    } finally {
      gate.exit();
    }
  }

  /** Writes superblocks on this thread: commits go on meanwhile. */
  private void writeSuperblocks(Runnable write) {
    gate.enter();
    try {
      gate.refuseListener(); // it would wait for the device
      disk.poison().check();
      disk.orPoison(write); // L24: a superblock may be torn; recovery sorts it out
    } catch (NativeException e) {
      throw disk.poison().failure(false);
    } finally {
      gate.exit();
    }
  }

  /** Implements {@link io.ashlar.store.spi.TierSource#manifestNotes}. */
  ManifestNotes manifestNotes() {
    gate.enter();
    try {
      gate.refuseListener(); // as the calls that change them
      return superblocks.notes();
    } finally {
      gate.exit();
    }
  }

  /** Implements {@link io.ashlar.store.spi.TierSource#noteManifests}. */
  void noteManifests(UnaryOperator<ManifestNotes> change) {
    writeSuperblocks(() -> superblocks.note(change)); // L32
  }

  /** Implements {@link io.ashlar.store.spi.TierSource#dropTombstones}. */
  void dropTombstones(long throughSequence) {
    PacedWork pace = governor.beginInterruptible();
    long[] dropped = {TOMBSTONES_MAX};
    while (dropped[0] == TOMBSTONES_MAX) {
      withRole(() -> dropped[0] = index.dropTombstones(throughSequence, TOMBSTONES_MAX));
      pace.rest(0);
    }
  }

  /** Implements {@link io.ashlar.store.spi.TierSource#forEachChange}. */
  void forEachChange(long afterSequence, long throughSequence, ChangeVisitor visitor) {
    forEach((idHigh, idLow, location) -> {
      if (location.version() > afterSequence && location.version() <= throughSequence) {
        visitor.onChange(change(idHigh, idLow, location));
      }
    });
  }

  private void forEach(EntryVisitor visitor) {
    gate.enterWithCallbacks();
    try {
      index.forEach(visitor);
    } finally {
      gate.exitWithCallbacks();
    }
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
    gate.enter();
    try {
      int evicted = 0;
      PacedWork pace = governor.beginInterruptible();
      for (int from = 0; from < evictions.size(); from += EVICTIONS_MAX) {
        List<Eviction> some =
            evictions.subList(from, Math.min(evictions.size(), from + EVICTIONS_MAX));
        evictSome(some);
        evicted += countEvicted(some);
        pace.rest(0);
      }
      return evicted;
    } finally {
      gate.exit();
    }
  }

  /** Implements {@link io.ashlar.store.spi.TierSource#forEachEvicted}. */
  void forEachEvicted(EvictedVisitor visitor) {
    forEach((idHigh, idLow, location) -> {
      if (location.kind() == BlobLocation.Kind.EVICTED) {
        visitor.onEvicted(
            change(idHigh, idLow, location),
            new ColdReference(location.cold0(), location.cold1(), location.cold2()));
      }
    });
  }

  /** Implements {@link io.ashlar.store.spi.TierSource#moveCold}. */
  void moveCold(List<Eviction> moves) {
    gate.enter();
    try {
      PacedWork pace = governor.beginInterruptible();
      for (int from = 0; from < moves.size(); from += EVICTIONS_MAX) {
        moveSome(moves.subList(from, Math.min(moves.size(), from + EVICTIONS_MAX)));
        pace.rest(0);
      }
    } finally {
      gate.exit();
    }
  }

  private void moveSome(List<Eviction> moves) {
    commitPath.commitColdMoves(sink -> {
      for (Eviction move : moves) {
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
