package io.ashlar.store.example;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Epoch;
import io.ashlar.store.local.LocalBlobStore;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The example of the README, which a test holds against it line by line. */
final class ReadmeExample {

  private ReadmeExample() {}

  static String run(Path folder) {
    // README begin
    BlobId page = new BlobId(0, 42);
    BlobId log = new BlobId(0, 43);
    try (BlobStore store = LocalBlobStore.builder(folder).open()) {
      try (Epoch epoch = store.beginEpoch()) { // a batch that becomes durable as one
        epoch.put(page, MemorySegment.ofArray("hello".getBytes(StandardCharsets.UTF_8)));
        MemorySegment slot = epoch.claim(log, 65_536); // or fill native memory in place: no copy
        slot.fill((byte) 1);
        epoch.delete(new BlobId(0, 41));
        long durable = epoch.commit(); // or commitAsync(), commit(listener), tryCommit(listener)
        assert store.durableEpoch() >= durable;
      }
      try (BlobLease lease = store.get(page)) { // verified, read-only; null if absent
        byte[] value = lease == null ? null : lease.value().toArray(ValueLayout.JAVA_BYTE);
        return value == null ? "" : new String(value, StandardCharsets.UTF_8);
      }
    }
    // README end
  }
}
