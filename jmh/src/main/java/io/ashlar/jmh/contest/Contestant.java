package io.ashlar.jmh.contest;

import io.ashlar.jmh.peer.AshlarStore;
import io.ashlar.jmh.peer.CombiningFile;
import io.ashlar.jmh.peer.FileChannelStore;
import io.ashlar.jmh.peer.Keys;
import io.ashlar.jmh.peer.LmdbStore;
import io.ashlar.jmh.peer.MvStore;
import io.ashlar.jmh.peer.PeerStore;
import io.ashlar.jmh.peer.RawFile;
import io.ashlar.jmh.peer.RocksStore;
import io.ashlar.jmh.peer.SqliteStore;
import io.ashlar.store.StoreConfig;
import java.nio.file.Path;
import org.agrona.concurrent.BusySpinIdleStrategy;

/** Everything that is measured, by the name that results carry. */
public enum Contestant {
  ASHLAR("ashlar", Kind.ASHLAR),
  ASHLAR_PREAD("ashlar/pread", Kind.ASHLAR),
  ASHLAR_LISTENER("ashlar/listener", Kind.ASHLAR),
  ASHLAR_SPIN("ashlar/spin", Kind.ASHLAR),
  ASHLAR_ASYNC("ashlar/async", Kind.ASHLAR),
  ASHLAR_CLAIM("ashlar/claim", Kind.ASHLAR),
  ROCKSDB("rocksdb", Kind.PEER),
  ROCKSDB_BLOB("rocksdb/blob", Kind.PEER),
  ROCKSDB_BLOB_DIRECT("rocksdb/blob-direct", Kind.PEER),
  LMDB("lmdb", Kind.PEER),
  SQLITE("sqlite", Kind.PEER),
  MVSTORE("mvstore", Kind.PEER),
  FILE_CHANNEL("filechannel", Kind.BASELINE),
  LIMIT_DSYNC("limit/dsync", Kind.LIMIT),
  LIMIT_FDATASYNC("limit/fdatasync", Kind.LIMIT),
  LIMIT_COMBINED("limit/combined", Kind.LIMIT);

  /** What a result is compared as. */
  public enum Kind {
    /** Ours: compared with the limit and with the best peer. */
    ASHLAR,
    /** A product that stores values under ids. */
    PEER,
    /** Neither a store nor the limit. */
    BASELINE,
    /** What the device gives without a store; the best of these is the limit. */
    LIMIT
  }

  private final String label;
  private final Kind kind;

  Contestant(String label, Kind kind) {
    this.label = label;
    this.kind = kind;
  }

  /** Returns the name in results. */
  public String label() {
    return label;
  }

  /**
   * Returns whether it is measured only where it is asked for, because it takes processor time
   * while the others have their turn.
   */
  public boolean isOnlyIfNamed() {
    return this == ASHLAR_SPIN;
  }

  /** Returns what it is compared as. */
  public Kind kind() {
    return kind;
  }

  /** Opens it in an empty folder, ready for batches of {@code cell}. */
  public PeerStore open(Path folder, Keys keys, Cell cell) {
    StoreConfig defaults = StoreConfig.DEFAULTS;
    return switch (this) {
      case ASHLAR -> new AshlarStore(folder, keys, defaults, AshlarStore.Acknowledgement.BLOCKING);
      case ASHLAR_PREAD ->
          new AshlarStore(
              folder,
              keys,
              defaults.withEngine(StoreConfig.Engine.PREAD_PWRITE),
              AshlarStore.Acknowledgement.BLOCKING);
      case ASHLAR_LISTENER ->
          new AshlarStore(folder, keys, defaults, AshlarStore.Acknowledgement.LISTENER);
      case ASHLAR_SPIN ->
          new AshlarStore(
              folder,
              keys,
              defaults.withIdleStrategy(BusySpinIdleStrategy::new),
              AshlarStore.Acknowledgement.LISTENER);
      case ASHLAR_ASYNC ->
          new AshlarStore(folder, keys, defaults, AshlarStore.Acknowledgement.FUTURE);
      case ASHLAR_CLAIM ->
          new AshlarStore(folder, keys, defaults, AshlarStore.Acknowledgement.CLAIM);
      case ROCKSDB -> new RocksStore(folder, keys, RocksStore.Shape.PLAIN);
      case ROCKSDB_BLOB -> new RocksStore(folder, keys, RocksStore.Shape.BLOB);
      case ROCKSDB_BLOB_DIRECT -> new RocksStore(folder, keys, RocksStore.Shape.BLOB_DIRECT);
      case LMDB -> new LmdbStore(folder, keys);
      case SQLITE -> new SqliteStore(folder);
      case MVSTORE -> new MvStore(folder);
      case FILE_CHANNEL -> new FileChannelStore(folder, keys, cell.valueBytes());
      case LIMIT_DSYNC -> new RawFile(folder, keys, cell.valueBytes(), RawFile.Sync.DSYNC);
      case LIMIT_FDATASYNC -> new RawFile(folder, keys, cell.valueBytes(), RawFile.Sync.FDATASYNC);
      case LIMIT_COMBINED -> new CombiningFile(folder, cell.batchBytes());
    };
  }
}
