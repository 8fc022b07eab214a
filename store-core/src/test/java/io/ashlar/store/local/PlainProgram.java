package io.ashlar.store.local;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Epoch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** What a user's first program does; {@link PlainProgramTest} runs it with nothing else around. */
final class PlainProgram {

  private PlainProgram() {}

  /** Opens the store in the folder given, commits, reads, and prints what it read. */
  public static void main(String[] arguments) {
    BlobId id = new BlobId(1, 2);
    byte[] value = "dressed stone".getBytes(StandardCharsets.UTF_8);
    try (BlobStore store = LocalBlobStore.builder(Path.of(arguments[0])).open()) {
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(id, MemorySegment.ofArray(value));
        epoch.delete(new BlobId(3, 4));
        epoch.commit();
      }
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(new BlobId(5, 6), MemorySegment.ofArray(new byte[3 << 20]));
        var _ = epoch.commitAsync().join();
      }
      try (BlobLease lease = store.get(id)) {
        System.out.println(
            lease == null
                ? "absent"
                : new String(lease.value().toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8));
      }
      System.out.println("engine=" + store.stats().engine());
    }
  }
}
