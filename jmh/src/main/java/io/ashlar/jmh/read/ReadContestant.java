package io.ashlar.jmh.read;

import io.ashlar.jmh.contest.Contestant.Kind;
import io.ashlar.jmh.peer.AshlarStore;
import io.ashlar.jmh.peer.FileChannelStore;
import io.ashlar.jmh.peer.Keys;
import io.ashlar.jmh.peer.LmdbStore;
import io.ashlar.jmh.peer.MemoryValues;
import io.ashlar.jmh.peer.PeerReader;
import io.ashlar.jmh.peer.PeerStore;
import io.ashlar.jmh.peer.RawFile;
import io.ashlar.jmh.peer.RocksStore;
import io.ashlar.jmh.peer.SqliteStore;
import io.ashlar.store.StoreConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Who reads in the read scenario. */
enum ReadContestant {
  ASHLAR("ashlar", Kind.ASHLAR),
  ASHLAR_PREAD("ashlar/pread", Kind.ASHLAR),
  ROCKSDB("rocksdb", Kind.PEER),
  ROCKSDB_DIRECT("rocksdb/direct", Kind.PEER),
  ROCKSDB_BLOB("rocksdb/blob", Kind.PEER),
  ROCKSDB_BLOB_DIRECT("rocksdb/blob-direct", Kind.PEER),
  LMDB("lmdb", Kind.PEER),
  SQLITE("sqlite", Kind.PEER),
  FILE_CHANNEL("filechannel", Kind.BASELINE),
  LIMIT_PREAD("limit/pread", Kind.LIMIT),
  LIMIT_PREAD_SEEN("limit/pread+crc", Kind.LIMIT),
  LIMIT_MEMCPY("limit/memcpy", Kind.LIMIT);

  private static final long HOT_CACHE_BYTES = 64L << 20;

  private final String label;
  private final Kind kind;

  ReadContestant(String label, Kind kind) {
    this.label = label;
    this.kind = kind;
  }

  String label() {
    return label;
  }

  Kind kind() {
    return kind;
  }

  /** Returns who fills and opens stores of values of this length, the limits included. */
  static List<ReadContestant> of(boolean hot, int valueBytes, boolean quick) {
    List<ReadContestant> all = new ArrayList<>(List.of(values()));
    if (hot) {
      all.removeAll(List.of(LIMIT_PREAD, LIMIT_PREAD_SEEN, FILE_CHANNEL));
      all.removeAll(List.of(ASHLAR_PREAD, ROCKSDB_DIRECT, ROCKSDB_BLOB_DIRECT));
      return all;
    }
    all.remove(LIMIT_MEMCPY);
    if (quick && valueBytes > 4096) {
      all.removeAll(List.of(ROCKSDB, ROCKSDB_DIRECT, SQLITE));
    }
    return all;
  }

  /** Returns whether it takes part in a cell of its values' length. */
  boolean takesPart(ReadCell cell) {
    return switch (this) {
      case LMDB -> !cell.virtual(); // a reader belongs to a platform thread
      case SQLITE -> !cell.virtual() && !cell.leased(); // one connection, behind a lock
      case ASHLAR_PREAD -> cell.virtual();
      case ROCKSDB, ROCKSDB_BLOB, LIMIT_MEMCPY -> !cell.leased();
      default -> true;
    };
  }

  PeerStore open(Path folder, Keys keys, int valueBytes, boolean hot) {
    StoreConfig config = StoreConfig.DEFAULTS.withCacheBytes(hot ? HOT_CACHE_BYTES : 0);
    AshlarStore.Acknowledgement any = AshlarStore.Acknowledgement.BLOCKING;
    return switch (this) {
      case ASHLAR -> new AshlarStore(folder, keys, config, any);
      case ASHLAR_PREAD ->
          new AshlarStore(folder, keys, config.withEngine(StoreConfig.Engine.PREAD_PWRITE), any);
      case ROCKSDB -> new RocksStore(folder, keys, RocksStore.Shape.PLAIN);
      case ROCKSDB_DIRECT -> new RocksStore(folder, keys, RocksStore.Shape.DIRECT);
      case ROCKSDB_BLOB -> new RocksStore(folder, keys, RocksStore.Shape.BLOB);
      case ROCKSDB_BLOB_DIRECT -> new RocksStore(folder, keys, RocksStore.Shape.BLOB_DIRECT);
      case LMDB -> new LmdbStore(folder, keys);
      case SQLITE -> new SqliteStore(folder);
      case FILE_CHANNEL -> new FileChannelStore(folder, keys, valueBytes);
      case LIMIT_PREAD, LIMIT_PREAD_SEEN ->
          new RawFile(folder, keys, valueBytes, RawFile.Sync.DSYNC);
      case LIMIT_MEMCPY -> new MemoryValues(keys, valueBytes);
    };
  }

  /** Makes a reader for one thread. */
  PeerReader openReader(PeerStore store, boolean leased) {
    if (leased && store instanceof AshlarStore ashlar) {
      return ashlar.openLeasingReader();
    }
    if (leased && store instanceof LmdbStore lmdb) {
      return lmdb.openViewingReader();
    }
    if (this == LIMIT_PREAD_SEEN && store instanceof RawFile raw) {
      return raw.openSeeingReader();
    }
    return store.openReader();
  }

  /** Returns how values are read, for a result's note. */
  String how(ReadCell cell) {
    return switch (this) {
      case ASHLAR ->
          cell.hot()
              ? (cell.leased() ? "lent from the cache" : "copied from the cache")
              : (cell.virtual()
                  ? "through the read ring, CRC-32C"
                  : "one pread, CRC-32C; from 32 KiB on into a huge page and copied");
      case ASHLAR_PREAD -> "io_uring not allowed: helper threads, CRC-32C";
      case ROCKSDB -> "page cache; checksums verified, as by default";
      case ROCKSDB_DIRECT -> "direct reads; checksums verified, as by default";
      case ROCKSDB_BLOB -> "BlobDB, page cache";
      case ROCKSDB_BLOB_DIRECT -> "BlobDB, direct reads";
      case LMDB -> "MDB_NORDAHEAD, one transaction renewed, " + (cell.leased() ? "view" : "copy");
      case SQLITE -> "page cache, WAL, one connection";
      case FILE_CHANNEL -> "page cache, no index";
      case LIMIT_PREAD ->
          "O_DIRECT pread into the caller's pages, no index, no checksum"
              + (cell.virtual() ? ", pins carriers" : "");
      case LIMIT_PREAD_SEEN ->
          "the same, and CRC-32C of what was read: what it costs to look at the bytes at all";
      case LIMIT_MEMCPY -> "one copy of memory, no index";
    };
  }
}
