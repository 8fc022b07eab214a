package io.ashlar.tier.readback;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.spi.ColdReference;
import io.ashlar.tier.checkpoint.TierKeys;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The ring of frames on disk: what it finds are the bytes that were put, and the newest are there.
 */
@Timeout(60)
class FrameDiskTest {
  private static final int BYTES_MAX = 1000;
  private static final int LENGTH_MAX = 200;
  private static final TierKeys.BatchName NAME = TierKeys.BatchName.derived(1, 2, 3);

  @TempDir Path folder;

  private static ColdReference reference(int number) {
    return ColdReferenceCodec.encode(NAME, 4096L + number, 4096);
  }

  private static byte[] bytes(long seed, int length) {
    byte[] bytes = new byte[length];
    new SplittableRandom(seed).nextBytes(bytes);
    return bytes;
  }

  private static byte @Nullable [] find(FrameDisk disk, int number) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment found = disk.find(reference(number), arena);
      return found == null ? null : found.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private static void put(FrameDisk disk, int number, byte[] bytes) {
    disk.put(reference(number), MemorySegment.ofArray(bytes));
  }

  @Test
  void shouldOverwriteTheOldestAndKeepTheOthers() throws IOException {
    try (FrameDisk disk = FrameDisk.open(folder, BYTES_MAX)) {
      for (int i = 0; i < 4; i++) {
        put(disk, i, bytes(i, 250)); // fills the ring to its last byte
      }
      for (int i = 0; i < 4; i++) {
        assertThat(find(disk, i)).as("frames %s", i).isEqualTo(bytes(i, 250));
      }
      put(disk, 4, bytes(4, 250)); // exactly where the first lay
      assertThat(find(disk, 0)).isNull();
      put(disk, 5, bytes(5, 300)); // over the second and a part of the third
      assertThat(find(disk, 1)).isNull();
      assertThat(find(disk, 2)).isNull();
      for (int i = 3; i < 6; i++) {
        assertThat(find(disk, i)).as("frames %s", i).isEqualTo(bytes(i, i == 5 ? 300 : 250));
      }
    }
  }

  @Test
  void shouldLeaveOutWhatIsLongerThanItself() throws IOException {
    try (FrameDisk disk = FrameDisk.open(folder, BYTES_MAX)) {
      put(disk, 0, bytes(0, 400));
      put(disk, 1, bytes(1, BYTES_MAX + 1));
      assertThat(find(disk, 1)).isNull();
      assertThat(find(disk, 0)).isEqualTo(bytes(0, 400));
      put(disk, 2, bytes(2, BYTES_MAX));
      assertThat(find(disk, 2)).isEqualTo(bytes(2, BYTES_MAX));
      assertThat(find(disk, 0)).isNull();
    }
  }

  /** Frames of any lengths, forgotten and put again; a seed is printed by what fails. */
  @Test
  void shouldFindWhatWasPutOrNothing() throws IOException {
    long seed = Long.getLong("test.seed", System.nanoTime());
    SplittableRandom random = new SplittableRandom(seed);
    Map<Integer, Put> puts = new HashMap<>();
    long written = 0;
    try (FrameDisk disk = FrameDisk.open(folder, BYTES_MAX)) {
      for (int step = 0; step < 3000; step++) {
        int number = random.nextInt(30);
        if (random.nextInt(5) == 0) {
          disk.forget(reference(number));
          puts.remove(number);
        } else if (find(disk, number) == null) {
          byte[] bytes = bytes(random.nextLong(), 1 + random.nextInt(LENGTH_MAX));
          put(disk, number, bytes);
          puts.put(number, new Put(bytes, written));
          written += bytes.length;
        }
        assertRight(disk, puts, written, "seed=" + seed + ", step=" + step);
      }
    }
  }

  /** Bytes that were put after so many others. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Put(byte[] bytes, long writtenBefore) {}

  private static void assertRight(
      FrameDisk disk, Map<Integer, Put> puts, long written, String what) {
    for (Map.Entry<Integer, Put> put : puts.entrySet()) {
      byte[] found = find(disk, put.getKey());
      // What does not fit before the end of the file leaves bytes unused there.
      boolean isNew = written - put.getValue().writtenBefore() <= BYTES_MAX - LENGTH_MAX;
      if (found != null || isNew) {
        assertThat(found).as("%s, frames %s", what, put.getKey()).isEqualTo(put.getValue().bytes());
      }
    }
  }

  @Test
  void shouldNotPutAgainWhatItHas() throws IOException {
    try (FrameDisk disk = FrameDisk.open(folder, BYTES_MAX)) {
      put(disk, 0, bytes(0, 400));
      put(disk, 1, bytes(1, 400));
      for (int i = 0; i < 5; i++) {
        put(disk, 1, bytes(1, 400)); // would overwrite the first
      }
      assertThat(find(disk, 0)).isEqualTo(bytes(0, 400));
    }
  }

  @Test
  void shouldFindNothingAndFailNothingOnceClosed() throws IOException {
    FrameDisk disk = FrameDisk.open(folder, BYTES_MAX);
    put(disk, 0, bytes(0, 400));
    disk.close();
    put(disk, 1, bytes(1, 400));
    assertThat(find(disk, 0)).isNull();
    assertThat(find(disk, 1)).isNull();
  }

  @Test
  void shouldHaveNoName() throws IOException {
    try (FrameDisk disk = FrameDisk.open(folder, BYTES_MAX);
        Stream<Path> names = Files.list(folder)) {
      put(disk, 0, bytes(0, 10));
      assertThat(names).isEmpty();
    }
  }
}
