package io.ashlar.jmh.commit;

import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.peer.AshlarStore;
import io.ashlar.jmh.peer.CombiningFile;
import io.ashlar.jmh.peer.Keys;
import io.ashlar.jmh.peer.PeerStore;
import io.ashlar.store.StoreConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What goes on beside the commits of an open loop. */
enum Beside {
  /** Nothing: every id has been overwritten, and the file need not grow. */
  NOTHING("", 64),

  /** Each commit puts a new id, so files grow. The limit's file gets the same zeroes. */
  GROWTH("growing", 16),

  /** Index checkpoints, as often as the length of the index allows. */
  CHECKPOINTS("checkpoints", 64),

  /** Passes of the tier, each of which uploads all blobs. */
  TIER("tier", 256),

  /** Vacuums, each of which moves blobs and cuts the file. */
  VACUUM("vacuum", 64),

  /** Threads that read values of 4 KiB at random, without a pause. */
  READERS("readers", 64);

  /** How many threads read. */
  private static final int READER_COUNT = 16;

  /** Blobs without bytes, so that an index checkpoint takes as long as in a store of this size. */
  private static final int INDEX_BLOBS = 200_000;

  private static final int INDEX_BLOBS_QUICK = 20_000;
  private static final long CHECKPOINT_LOG_BYTES_MIN = 64 << 10;
  private static final long QUICK_BYTES = 16L << 20;

  private static final List<Contestant> ALL =
      List.of(
          Contestant.ASHLAR,
          Contestant.ASHLAR_PREAD,
          Contestant.ASHLAR_LISTENER,
          Contestant.ROCKSDB,
          Contestant.LIMIT_COMBINED);
  private static final List<Contestant> BESIDE_PEERS =
      List.of(
          Contestant.ASHLAR,
          Contestant.ASHLAR_PREAD,
          Contestant.ROCKSDB,
          Contestant.LIMIT_COMBINED);
  private static final List<Contestant> BESIDE_LIMIT =
      List.of(Contestant.ASHLAR, Contestant.ASHLAR_PREAD, Contestant.LIMIT_COMBINED);

  private final String label;
  private final long workingSetMib;

  Beside(String label, long workingSetMib) {
    this.label = label;
    this.workingSetMib = workingSetMib;
  }

  /** Returns how a cell's name ends. */
  String label() {
    return label;
  }

  /** Returns the bytes of all ids before measuring begins. */
  long workingSetBytes(boolean quick) {
    return quick ? QUICK_BYTES : workingSetMib << 20;
  }

  /**
   * Returns the contestants. Peers take part where they can do the same work. The limit does it in
   * {@link #GROWTH} and {@link #READERS}; elsewhere it stands for a store without background work.
   */
  List<Contestant> contestants() {
    return switch (this) {
      case NOTHING -> ALL;
      case GROWTH, READERS -> BESIDE_PEERS;
      case CHECKPOINTS, TIER, VACUUM -> BESIDE_LIMIT;
    };
  }

  /** Returns whether each commit puts an id that no commit has put. */
  boolean freshIds() {
    return this == GROWTH;
  }

  /** Opens a contestant in an empty folder. */
  PeerStore open(Contestant contestant, Path folder, Keys keys, Cell cell) {
    if (this == GROWTH && contestant == Contestant.LIMIT_COMBINED) {
      return CombiningFile.growing(folder, cell.batchBytes());
    }
    if (this == CHECKPOINTS && contestant.kind() == Contestant.Kind.ASHLAR) {
      StoreConfig config =
          StoreConfig.DEFAULTS
              .withCheckpointLogBytesMin(CHECKPOINT_LOG_BYTES_MIN)
              .withEngine(
                  contestant == Contestant.ASHLAR_PREAD
                      ? StoreConfig.Engine.PREAD_PWRITE
                      : StoreConfig.DEFAULTS.engine());
      return new AshlarStore(folder, keys, config, AshlarStore.Acknowledgement.BLOCKING);
    }
    return contestant.open(folder, keys, cell);
  }

  /** Fills a store with what the work beside it needs, once its ids have values. */
  void fill(PeerStore store, Cell cell) {
    if (this == CHECKPOINTS && store instanceof AshlarStore ashlar) {
      boolean quick = cell.workingSetBytes() == QUICK_BYTES;
      IndexBallast.put(ashlar.blobStore(), quick ? INDEX_BLOBS_QUICK : INDEX_BLOBS);
    }
  }

  /** Returns what repeats beside a store; empty where the commits themselves bring it about. */
  Optional<BesideWork> work(PeerStore store, Path folder, Cell cell) {
    if (this == READERS) {
      return Optional.of(new BesideWork("reads", READER_COUNT, () -> new ReadStep(store, cell)));
    }
    if (store instanceof AshlarStore ashlar) {
      return switch (this) {
        case TIER ->
            Optional.of(
                new BesideWork("passes", 1, () -> new TierStep(ashlar.blobStore(), folder)));
        case VACUUM ->
            Optional.of(
                new BesideWork("vacuums", 1, () -> new VacuumStep(ashlar.blobStore(), cell)));
        default -> Optional.empty();
      };
    }
    return Optional.empty();
  }
}
