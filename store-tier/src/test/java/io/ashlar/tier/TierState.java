package io.ashlar.tier;

import io.ashlar.store.BlobId;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.fetch.BatchReader;
import io.ashlar.tier.fetch.DecodedBatch;
import io.ashlar.tier.object.ObjectStore;
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
    BatchReader reader = new BatchReader(objects);
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
}
