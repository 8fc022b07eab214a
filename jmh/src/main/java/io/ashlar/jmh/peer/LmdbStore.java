package io.ashlar.jmh.peer;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.Txn;

/** LMDB as it comes, one write transaction a batch; without read-ahead, for cold reads. */
public final class LmdbStore implements PeerStore {

  private static final long MAP_BYTES = 64L << 30;
  private static final int BYTES_OF_KEY = 16;

  private final Keys keys;
  private final Path folder;
  private Env<ByteBuffer> environment; // changed by coolDown, with no reader open
  private Dbi<ByteBuffer> values;

  /** Opens an environment in {@code folder}. */
  public LmdbStore(Path folder, Keys keys) {
    this.keys = keys;
    this.folder = folder;
    environment = open(folder);
    values = environment.openDbi("values", DbiFlags.MDB_CREATE);
  }

  private static Env<ByteBuffer> open(Path folder) {
    return Env.create()
        .setMapSize(MAP_BYTES)
        .setMaxDbs(1)
        .setMaxReaders(256)
        .open(folder.toFile(), EnvFlags.MDB_NORDAHEAD, EnvFlags.MDB_NOTLS);
  }

  /** Opens it anew: what is mapped cannot be dropped from the page cache. */
  @Override
  public void coolDown() {
    environment.close();
    environment = open(folder);
    values = environment.openDbi("values", DbiFlags.MDB_CREATE);
  }

  @Override
  public String durability() {
    return "pages written and fdatasync'ed, then the meta page; one writer at a time";
  }

  @Override
  public PeerWriter openWriter() {
    ByteBuffer key = ByteBuffer.allocateDirect(BYTES_OF_KEY);
    return batch -> commit(batch, key);
  }

  private void commit(BlobBatch batch, ByteBuffer key) {
    try (Txn<ByteBuffer> transaction = environment.txnWrite()) {
      for (int i = 0; i < batch.count(); i++) {
        values.put(transaction, key.clear().put(keys.bytes(batch.id(i))).flip(), batch.buffer(i));
      }
      transaction.commit();
    }
  }

  @Override
  public long read(int id, ReadBuffer target) {
    try (Txn<ByteBuffer> transaction = environment.txnRead()) {
      ByteBuffer value = values.get(transaction, target.key(keys.bytes(id)));
      if (value == null) {
        return -1;
      }
      int length = value.remaining();
      target.direct().put(value);
      return length;
    }
  }

  @Override
  public PeerReader openReader() {
    return new Reader(true);
  }

  /** Makes a reader that looks at a value where LMDB has it mapped, within its transaction. */
  public PeerReader openViewingReader() {
    return new Reader(false);
  }

  @Override
  public void close() {
    environment.close();
  }

  /** Renews one read transaction for each read, as LMDB's authors advise. */
  private final class Reader implements PeerReader {

    private final Txn<ByteBuffer> transaction = environment.txnRead();

    private final boolean copying;

    Reader(boolean copying) {
      this.copying = copying;
      transaction.reset();
    }

    @Override
    public long read(int id, ReadBuffer target) {
      transaction.renew();
      try {
        ByteBuffer value = values.get(transaction, target.key(keys.bytes(id)));
        if (value == null) {
          return -1;
        }
        int length = value.remaining();
        if (copying) {
          target.direct().put(value);
        } else {
          target.touch(value.getLong(0));
        }
        return length;
      } finally {
        transaction.reset();
      }
    }

    @Override
    public void close() {
      transaction.close();
    }
  }
}
