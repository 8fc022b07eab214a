package io.ashlar.tier.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.tier.batch.BatchCodecTest.Entry;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;

/** Batches of version 3 for tests. */
final class Framed {
  static final UUID ID = UUID.fromString("0192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70");
  static final FramedHeader HEADER = new FramedHeader(0, 4711, ID, 1_763_661_600_000L);

  private Framed() {}

  static byte[] encode(List<Entry> entries) {
    try (FramedBatchEncoder encoder = new FramedBatchEncoder()) {
      add(encoder, entries);
      return encoder.encode(HEADER).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  static List<Integer> add(FramedBatchEncoder encoder, List<Entry> entries) {
    List<Integer> runs = new ArrayList<>();
    for (Entry entry : entries) {
      runs.add(
          encoder.add(MemorySegment.ofArray(entry.key()), MemorySegment.ofArray(entry.data())));
    }
    return runs;
  }

  static List<Entry> entries(Batch batch) {
    List<Entry> entries = new ArrayList<>();
    for (BatchEntry entry : batch) {
      entries.add(
          new Entry(
              entry.key().toArray(ValueLayout.JAVA_BYTE),
              entry.data().toArray(ValueLayout.JAVA_BYTE)));
    }
    assertThat(batch.count()).isEqualTo(entries.size());
    return entries;
  }

  static List<Entry> decode(byte[] object) {
    try (Arena arena = Arena.ofConfined()) {
      return entries(
          new FramedBatchReader(BatchCodec.BODY_BYTES_MAX_DEFAULT)
              .decode(MemorySegment.ofArray(object), arena));
    }
  }

  /** Entries of the given data lengths; keys count up, half of the bytes compress. */
  static List<Entry> entries(Random random, int... lengths) {
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < lengths.length; i++) {
      byte[] data = new byte[lengths[i]];
      random.nextBytes(data);
      for (int j = 0; j < data.length; j++) {
        data[j] = (j & 64) == 0 ? data[j] : (byte) ' ';
      }
      byte[] key = String.format("partition-%04d/state", i).getBytes(StandardCharsets.UTF_8);
      entries.add(new Entry(key, data));
    }
    return entries;
  }

  /** Incompressible data of one length under a key. */
  static Entry noise(Random random, String key, int length) {
    byte[] data = new byte[length];
    random.nextBytes(data);
    return new Entry(key.getBytes(StandardCharsets.UTF_8), data);
  }

  /** The footer of an object. */
  static FramedFooter footer(byte[] object) {
    long at = (long) object.length - FramedBatchFormat.FOOTER_BYTES;
    return FramedFooter.read(
        MemorySegment.ofArray(object).asSlice(at),
        object.length,
        BatchCodec.BODY_BYTES_MAX_DEFAULT);
  }
}
