package io.ashlar.store.example;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Epoch;
import io.ashlar.store.local.LocalBlobStore;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** The first example of the README, which {@code ReadmeTest} compares with this line by line. */
final class ReadmeExample {

  private ReadmeExample() {}

  static String run(Path folder) {
    // README begin
    BlobId page = new BlobId(0, 42);
    try (BlobStore store = LocalBlobStore.builder(folder).open()) {
      try (Epoch epoch = store.beginEpoch()) { // a batch that becomes durable as one
        epoch.put(page, MemorySegment.ofArray("hello".getBytes(UTF_8)));
        MemorySegment slot = epoch.claim(new BlobId(0, 43), 65_536); // the store's own memory
        slot.fill((byte) 1); // filled in place, so nothing is copied
        epoch.delete(new BlobId(0, 41));
        epoch.commit(); // or commitAsync(), commit(listener), tryCommit(listener)
      }
      try (BlobLease lease = store.get(page)) { // verified and read-only; null if absent
        return lease == null ? "" : UTF_8.decode(lease.value().asByteBuffer()).toString();
      }
    }
    // README end
  }
}
