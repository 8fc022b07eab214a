package io.ashlar.jmh.peer;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.rocksdb.CompressionType;
import org.rocksdb.FlushOptions;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * RocksDB with synced writes, in one of four shapes.
 *
 * <p>Its flushes and compactions run while it is measured, and wait while others are.
 */
public final class RocksStore implements PeerStore {

  /** Where values lie, and how they are reached. */
  public enum Shape {
    /** In the sorted tables, through the page cache. */
    PLAIN,
    /** In the sorted tables, with direct reads, flushes and compactions. */
    DIRECT,
    /** From 1 KiB on in blob files, through the page cache. */
    BLOB,
    /** From 1 KiB on in blob files, with direct reads, flushes and compactions. */
    BLOB_DIRECT
  }

  private static final int BLOB_BYTES_MIN = 1024;

  static {
    RocksDB.loadLibrary(); // before any of its classes is used
  }

  private final Keys keys;
  private final Shape shape;
  private final Options options;
  private final WriteOptions synced = new WriteOptions().setSync(true);
  private final ReadOptions readOptions = new ReadOptions();
  private final RocksDB db;
  private boolean paused; // by the main thread only

  /** Opens a database in {@code folder}. */
  public RocksStore(Path folder, Keys keys, Shape shape) {
    this.keys = keys;
    this.shape = shape;
    options =
        new Options()
            .setCreateIfMissing(true)
            .setCompressionType(CompressionType.NO_COMPRESSION)
            .setMaxBackgroundJobs(2);
    if (shape == Shape.BLOB || shape == Shape.BLOB_DIRECT) {
      options
          .setEnableBlobFiles(true)
          .setMinBlobSize(BLOB_BYTES_MIN)
          .setBlobCompressionType(CompressionType.NO_COMPRESSION)
          .setEnableBlobGarbageCollection(true);
    }
    if (shape == Shape.BLOB_DIRECT || shape == Shape.DIRECT) {
      options.setUseDirectReads(true).setUseDirectIoForFlushAndCompaction(true);
    }
    try {
      db = RocksDB.open(options, folder.toString());
    } catch (RocksDBException e) {
      throw failed("open", e);
    }
  }

  @Override
  public String durability() {
    return switch (shape) {
      case PLAIN -> "synced write-ahead log (fdatasync); values in sorted tables";
      case DIRECT -> "synced write-ahead log (fdatasync, buffered); sorted tables with direct I/O";
      case BLOB -> "synced write-ahead log (fdatasync); values in blob files";
      case BLOB_DIRECT ->
          "synced write-ahead log (fdatasync, buffered); blob files with direct I/O";
    };
  }

  @Override
  public PeerWriter openWriter() {
    return new Writer();
  }

  @Override
  public long read(int id, ReadBuffer target) {
    try {
      int length = db.get(readOptions, target.key(keys.bytes(id)), target.direct());
      return length == RocksDB.NOT_FOUND ? -1 : length;
    } catch (RocksDBException e) {
      throw failed("read", e);
    }
  }

  /** Writes to tables what only lies in memory and in the log. */
  @Override
  public void settle() {
    try (FlushOptions flush = new FlushOptions().setWaitForFlush(true)) {
      db.flush(flush);
    } catch (RocksDBException e) {
      throw failed("flush", e);
    }
  }

  @Override
  public void pause() {
    if (paused) {
      return;
    }
    try {
      db.pauseBackgroundWork();
      paused = true;
    } catch (RocksDBException e) {
      throw failed("pause", e);
    }
  }

  @Override
  public void resume() {
    if (!paused) {
      return; // it refuses to go on twice
    }
    try {
      db.continueBackgroundWork();
      paused = false;
    } catch (RocksDBException e) {
      throw failed("go on", e);
    }
  }

  @Override
  public void close() {
    db.close();
    options.close();
    synced.close();
    readOptions.close();
  }

  private static PeerFailedException failed(String operation, RocksDBException cause) {
    return new PeerFailedException("RocksDB failed to " + operation, cause);
  }

  private final class Writer implements PeerWriter {

    private final WriteBatch writeBatch = new WriteBatch();
    private final ByteBuffer key = ByteBuffer.allocateDirect(16);

    @Override
    public void commit(BlobBatch batch) {
      try {
        writeBatch.clear();
        for (int i = 0; i < batch.count(); i++) {
          writeBatch.put(key.clear().put(keys.bytes(batch.id(i))).flip(), batch.buffer(i));
        }
        db.write(synced, writeBatch);
      } catch (RocksDBException e) {
        throw failed("commit", e);
      }
    }

    @Override
    public void close() {
      writeBatch.close();
    }
  }
}
