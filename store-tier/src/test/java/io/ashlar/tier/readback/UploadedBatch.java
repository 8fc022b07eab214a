package io.ashlar.tier.readback;

import io.ashlar.store.BlobId;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.tier.batch.FramedBatchEncoder;
import io.ashlar.tier.batch.FramedHeader;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** A batch of version 3 in an object store, with what is in it. */
record UploadedBatch(
    TierKeys.BatchName name, List<ColdReference> references, List<Integer> lengths) {
  static BlobId id(long number) {
    return new BlobId(number * 31, number);
  }

  /** Bytes that do not compress. */
  static byte[] blob(long number, int length) {
    byte[] bytes = new byte[length];
    new SplittableRandom(number).nextBytes(bytes);
    return bytes;
  }

  /** Uploads blobs of the given lengths; id 0 is the first. */
  static UploadedBatch upload(ObjectStore objects, long batchNumber, int... lengths) {
    return upload(new TierObjects(objects, null), batchNumber, lengths);
  }

  /** Uploads blobs, encrypted if there are keys. */
  static UploadedBatch upload(TierObjects objects, long batchNumber, int... lengths) {
    TierKeys.BatchName name =
        TierKeys.BatchName.derived(1, batchNumber, TierManifest.newId().getMostSignificantBits());
    try (FramedBatchEncoder encoder = new FramedBatchEncoder()) {
      FrameKeys keys = objects.keys();
      if (keys != null) {
        encoder.seal(keys.current(), name.id());
      }
      List<Integer> runs = new ArrayList<>();
      for (int i = 0; i < lengths.length; i++) {
        runs.add(
            encoder.add(
                MemorySegment.ofArray(id(i).toBytes()),
                MemorySegment.ofArray(blob(i, lengths[i]))));
      }
      String key = TierKeys.batch(name.generation(), name.number(), name.id());
      objects.store().put(key, ObjectBody.of(encoder.encode(new FramedHeader(0, 1, name.id(), 0))));
      List<ColdReference> references =
          runs.stream()
              .map(encoder::run)
              .map(run -> ColdReferenceCodec.encode(name, run.offset(), run.length()))
              .toList();
      return new UploadedBatch(name, references, Arrays.stream(lengths).boxed().toList());
    }
  }

  String key() {
    return TierKeys.batch(name.generation(), name.number(), name.id());
  }

  /** Bytes of the frames that hold a blob. */
  long frameBytes(int number) {
    return ColdReferenceCodec.decode(references.get(number)).length();
  }

  byte[] readBack(BatchReadBack storage, int number) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(lengths.get(number));
      storage.readBack(id(number), references.get(number), target);
      return target.toArray(ValueLayout.JAVA_BYTE);
    }
  }
}
