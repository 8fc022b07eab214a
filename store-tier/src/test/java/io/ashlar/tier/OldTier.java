package io.ashlar.tier;

import io.ashlar.tier.batch.Batch;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.batch.BatchDecoder;
import io.ashlar.tier.batch.BatchEncoder;
import io.ashlar.tier.batch.BatchEntry;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.CollectionState;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.checkpoint.TierManifestCodec;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Makes of a tier what the first release would have written: batches of version 2. */
final class OldTier {
  private OldTier() {}

  /** Rewrites every batch and manifest; returns how many batches. */
  static int rewrite(ObjectStore objects) throws IOException {
    int batches = 0;
    for (ObjectInfo object : objects.listAll(TierKeys.MANIFESTS).toList()) {
      TierManifest manifest = TierManifestCodec.decode(bytes(objects, object.key()));
      List<BatchReference> rewritten = new ArrayList<>();
      for (BatchReference batch : manifest.batches()) {
        rewritten.add(rewrite(objects, batch));
        batches++;
      }
      TierManifest old =
          new TierManifest(
              new TierManifest.Writer(
                  manifest.storeId(), manifest.incarnation(), manifest.generation()),
              manifest.sequence(),
              new TierManifest.Stamp(manifest.putId(), manifest.createdMs()),
              new TierManifest.Reach(manifest.lastRecordSequence(), manifest.lastEpoch()),
              rewritten,
              CollectionState.NONE,
              null);
      objects.put(object.key(), ObjectBody.of(TierManifestCodec.encode(old)));
    }
    return batches;
  }

  private static BatchReference rewrite(ObjectStore objects, BatchReference reference)
      throws IOException {
    TierKeys.BatchName name = Objects.requireNonNull(TierKeys.batchName(reference.name()));
    String key = TierKeys.batch(name.generation(), name.number(), TierManifest.newId());
    try (Arena arena = Arena.ofConfined();
        BatchEncoder encoder = new BatchCodec().newEncoder()) {
      Batch batch =
          new BatchDecoder(BatchCodec.BODY_BYTES_MAX_DEFAULT)
              .decode(MemorySegment.ofArray(bytes(objects, reference.name())), arena);
      for (BatchEntry entry : batch) {
        encoder.add(entry.key(), entry.data());
      }
      MemorySegment object = encoder.encode();
      objects.put(key, ObjectBody.of(object));
      objects.deleteAll(List.of(reference.name()));
      return new BatchReference(
          key,
          reference.kind(),
          reference.entries(),
          object.byteSize(),
          encoder.bodyBytes(),
          Integer.toUnsignedLong(BatchCodec.crc32c(object)));
    }
  }

  private static byte[] bytes(ObjectStore objects, String key) throws IOException {
    try (ObjectContent content = objects.get(key)) {
      return content.stream().readAllBytes();
    }
  }
}
