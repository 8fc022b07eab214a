package io.ashlar.tier;

import io.ashlar.store.BlobId;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.readback.BatchReader;
import io.ashlar.tier.readback.DecodedBatch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** The state at a manifest, read as a restore reads it, without a store to put it in. */
public final class TierState {
  private TierState() {}

  /** Every blob of the state. */
  public static Map<BlobId, byte[]> at(ObjectStore objects, TierManifest manifest) {
    Map<BlobId, byte[]> blobs = new HashMap<>();
    Set<BlobId> seen = new HashSet<>();
    BatchReader reader = new BatchReader(new TierObjects(objects, null));
    ManifestChain chain = ManifestChain.read(new ManifestStore(objects), manifest);
    for (BatchReference reference : chain.batchesNewestFirst()) {
      try (DecodedBatch batch = reader.read(reference)) {
        batch.forEach((high, low, data, bodyOffset) -> {
          BlobId id = new BlobId(high, low);
          if (seen.add(id) && reference.kind() == BatchReference.Kind.PUTS) {
            blobs.put(id, data.toArray(ValueLayout.JAVA_BYTE));
          }
        });
      }
    }
    return blobs;
  }

  /** A copy of everything that is there. */
  public static InMemoryObjectStore copy(ObjectStore from) {
    InMemoryObjectStore to = new InMemoryObjectStore();
    from.listAll("").forEach(object -> to.put(object.key(), ObjectBody.of(bytes(from, object))));
    return to;
  }

  private static byte[] bytes(ObjectStore from, ObjectInfo object) {
    byte[] bytes = new byte[(int) object.length()];
    from.get(object.key(), 0, MemorySegment.ofArray(bytes));
    return bytes;
  }
}
