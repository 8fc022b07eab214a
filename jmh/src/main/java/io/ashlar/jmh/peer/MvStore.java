package io.ashlar.jmh.peer;

import java.nio.file.Path;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.LongDataType;

/**
 * H2's MVStore: puts, then {@code commit} and {@code sync}, which cover what other threads put
 * meanwhile. Without its background thread, which would commit on its own.
 */
public final class MvStore implements PeerStore {

  private final MVStore store;
  private final MVMap<Long, byte[]> values;

  /** Opens a store in {@code folder}. */
  public MvStore(Path folder) {
    store =
        new MVStore.Builder()
            .fileName(folder.resolve("values.mv").toString())
            .autoCommitDisabled()
            .open();
    values =
        store.openMap(
            "values",
            new MVMap.Builder<Long, byte[]>()
                .keyType(LongDataType.INSTANCE)
                .valueType(ByteArrayDataType.INSTANCE));
  }

  @Override
  public String durability() {
    return "commit + sync (fsync); integer keys; a batch is not atomic under other threads";
  }

  @Override
  public PeerWriter openWriter() {
    return this::commit;
  }

  private void commit(BlobBatch batch) {
    for (int i = 0; i < batch.count(); i++) {
      var _ = values.put((long) batch.id(i), batch.array(i));
    }
    var _ = store.commit();
    store.sync();
  }

  @Override
  public long read(int id, ReadBuffer target) {
    byte[] value = values.get((long) id);
    if (value == null) {
      return -1;
    }
    var _ = target.direct().put(value);
    return value.length;
  }

  @Override
  public void close() {
    store.close();
  }
}
