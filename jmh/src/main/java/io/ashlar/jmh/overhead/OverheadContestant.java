package io.ashlar.jmh.overhead;

import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.contest.Contestant.Kind;
import io.ashlar.jmh.peer.AshlarStore;
import io.ashlar.jmh.peer.Keys;
import io.ashlar.jmh.peer.LmdbStore;
import io.ashlar.jmh.peer.PeerReader;
import io.ashlar.jmh.peer.PeerStore;
import io.ashlar.store.StoreConfig;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** What takes part in the scenario, by the name that results carry. */
enum OverheadContestant {
  ASHLAR("ashlar", Kind.ASHLAR),
  /** Every commit goes through the I/O thread, whose cost an epoch this shows. */
  ASHLAR_LISTENER("ashlar/listener", Kind.ASHLAR),
  /** The store's own cache holds all values, as LMDB's mapping does. */
  ASHLAR_CACHED("ashlar/cached", Kind.ASHLAR),
  ROCKSDB("rocksdb", Kind.PEER),
  LMDB("lmdb", Kind.PEER);

  private static final int CACHE_BYTES_A_VALUE_BYTE = 4;

  private final String label;
  private final Kind kind;

  OverheadContestant(String label, Kind kind) {
    this.label = label;
    this.kind = kind;
  }

  String label() {
    return label;
  }

  Kind kind() {
    return kind;
  }

  /** Returns those that can do a kind of work. */
  static List<OverheadContestant> of(Work work) {
    return Arrays.stream(values())
        .filter(each ->
            switch (each) {
              case ASHLAR_LISTENER -> work == Work.COMMIT;
              case ASHLAR_CACHED -> work != Work.COMMIT;
              case ROCKSDB -> work != Work.LEASE;
              case ASHLAR, LMDB -> true;
            })
        .toList();
  }

  PeerStore open(Path folder, Keys keys, Cell cell) {
    return switch (this) {
      case ASHLAR -> Contestant.ASHLAR.open(folder, keys, cell);
      case ASHLAR_LISTENER -> Contestant.ASHLAR_LISTENER.open(folder, keys, cell);
      case ASHLAR_CACHED ->
          new AshlarStore(
              folder,
              keys,
              StoreConfig.DEFAULTS.withCacheBytes(
                  CACHE_BYTES_A_VALUE_BYTE * cell.workingSetBytes()),
              AshlarStore.Acknowledgement.BLOCKING);
      case ROCKSDB -> Contestant.ROCKSDB.open(folder, keys, cell);
      case LMDB -> Contestant.LMDB.open(folder, keys, cell);
    };
  }

  /** Makes a reader for one thread that copies a value, or looks at it where it lies. */
  static PeerReader openReader(PeerStore store, Work work) {
    if (work == Work.LEASE && store instanceof AshlarStore ashlar) {
      return ashlar.openLeasingReader();
    }
    if (work == Work.LEASE && store instanceof LmdbStore lmdb) {
      return lmdb.openViewingReader();
    }
    return store.openReader();
  }
}
