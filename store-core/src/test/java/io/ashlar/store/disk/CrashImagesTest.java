package io.ashlar.store.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.disk.CrashImages.Crash;
import io.ashlar.store.disk.CrashImages.Damage;
import io.ashlar.store.disk.InjectedFailure.Kind;
import io.ashlar.uring.Errno;
import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class CrashImagesTest {
  private static final int BLOCK = Disk.BLOCK_BYTES;

  private final Arena arena = Arena.ofAuto();
  private final SimulatedDisk disk = SimulatedDisk.of(BlockImage.of(new byte[16 * BLOCK]));

  @Test
  void shouldLoseAnUnsyncedWriteOrKeepIt() {
    write(0, 1);
    assertThat(lastBytes(Damage.NONE, 0)).containsExactly(0);
    assertThat(lastBytes(Damage.ALL, 0)).containsExactly(1);
    assertThat(lastBytes(Damage.PREFIX, 0)).containsExactly(0, 1);
    assertThat(lastBytes(Damage.SUBSET, 0)).containsExactly(0, 1);
  }

  @Test
  void shouldKeepASyncedWrite() {
    write(0, 1);
    disk.sync();
    for (Damage damage : Damage.values()) {
      assertThat(lastBytes(damage, 0)).containsExactly(1);
    }
  }

  @Test
  void shouldKeepOnlyItsOwnBytesOfADurableWrite() {
    write(0, 1);
    writeDurable(1, 2);
    assertThat(lastBytes(Damage.NONE, 0)).containsExactly(0);
    assertThat(lastBytes(Damage.NONE, 1)).containsExactly(2);
  }

  @Test
  void shouldFlushTheCacheWithADurableWriteWhereTheDeviceHasNoFua() {
    write(0, 1);
    writeDurable(1, 2);
    Crash crash = CrashImages.at(disk, true, disk.events().size(), Damage.NONE, 0);
    assertThat(crash.image().get(0)).isEqualTo((byte) 1);
    assertThat(crash.image().get(BLOCK)).isEqualTo((byte) 2);
  }

  @Test
  void shouldNotLetAnOlderWriteLandOverADurableOne() {
    write(0, 1);
    writeDurable(0, 2);
    for (Damage damage : Damage.values()) {
      assertThat(lastBytes(damage, 0)).containsExactly(2);
    }
    write(0, 3);
    assertThat(lastBytes(Damage.SUBSET, 0)).containsExactly(2, 3);
  }

  @Test
  void shouldSyncOnlyWhatWasDeliveredBefore() {
    try (DiskQueue queue = disk.openQueue(4)) {
      queue.submitWrite(Sources.of(block(1)), 0, false, 0);
      queue.poll((token, failure, bytes) -> {});
      queue.submitWrite(Sources.of(block(2)), BLOCK, false, 0);
      disk.sync();
      queue.poll((token, failure, bytes) -> {});
    }
    assertThat(lastBytes(Damage.NONE, 0)).containsExactly(1);
    assertThat(lastBytes(Damage.NONE, 1)).containsExactly(0);
    assertThat(lastBytes(Damage.ALL, 1)).containsExactly(2);
  }

  @Test
  void shouldPromiseNothingOfASyncInFlight() {
    write(0, 1);
    disk.sync();
    int begun = disk.events().size() - 1;
    assertThat(CrashImages.at(disk, false, begun, Damage.NONE, 0).image().get(0)).isZero();
    assertThat(CrashImages.at(disk, false, begun, Damage.ALL, 0).image().get(0)).isOne();
  }

  @Test
  void shouldLandAnySubsetOfTheWritesInFlight() {
    try (DiskQueue queue = disk.openQueue(4)) {
      for (int i = 0; i < 3; i++) {
        queue.submitWrite(Sources.of(block(i + 1)), (long) i * BLOCK, false, i);
      }
    }
    Set<String> seen = new TreeSet<>();
    for (int seed = 0; seed < 200; seed++) {
      BlockImage image = last(Damage.SOME, seed);
      seen.add("" + image.get(0) + image.get(BLOCK) + image.get(2 * BLOCK));
    }
    assertThat(seen).containsExactly("000", "003", "020", "023", "100", "103", "120", "123");
  }

  @Test
  void shouldTearWritesAtSectors() {
    write(0, 1);
    Set<Integer> counts = new HashSet<>();
    boolean isScattered = false;
    for (int seed = 0; seed < 200; seed++) {
      byte[] bytes = Arrays.copyOf(last(Damage.TORN, seed).bytes(), BLOCK);
      int landed = 0;
      for (int sector = 0; sector < 8; sector++) {
        landed += bytes[sector * 512];
        isScattered |= sector > 0 && bytes[sector * 512] > bytes[sector * 512 - 1];
        for (int i = 1; i < 512; i++) {
          assertThat(bytes[sector * 512 + i]).isEqualTo(bytes[sector * 512]);
        }
      }
      counts.add(landed);
    }
    assertThat(counts).hasSize(9);
    assertThat(isScattered).isTrue();
  }

  @Test
  void shouldTearOnlyTheLastWriteWhenAskedTo() {
    write(0, 1);
    write(1, 2);
    Set<Integer> ends = new TreeSet<>();
    for (int seed = 0; seed < 100; seed++) {
      BlockImage image = last(Damage.LAST_TORN, seed);
      assertThat(image.get(BLOCK - 1)).isEqualTo((byte) 1);
      ends.add(image.get(2 * BLOCK - 1) + image.get(BLOCK + 2048));
    }
    assertThat(ends).containsExactly(0, 2, 4);
  }

  @Test
  void shouldLoseTheLengthOfTheFileUnlessSynced() {
    write(20, 1);
    assertThat(last(Damage.NONE, 0).size()).isEqualTo(16 * BLOCK);
    assertThat(last(Damage.ALL, 0).size()).isEqualTo(21 * BLOCK);
    disk.sync();
    assertThat(last(Damage.NONE, 0).size()).isEqualTo(21 * BLOCK);
    disk.truncate(30 * BLOCK);
    disk.sync();
    assertThat(last(Damage.NONE, 0).size()).isEqualTo(21 * BLOCK);
    disk.syncAll();
    assertThat(last(Damage.NONE, 0).size()).isEqualTo(30 * BLOCK);
  }

  @Test
  void shouldLoseTheLengthOfAllocatedSpaceInPartUnlessAllIsSynced() {
    writeDurable(15, 9);
    disk.allocate(14 * BLOCK, 7 * BLOCK);
    Set<Long> ends = new TreeSet<>();
    for (int seed = 0; seed < 200; seed++) {
      ends.add(last(Damage.LAST_TORN, seed).size() / BLOCK);
    }
    assertThat(ends).contains(16L, 17L, 18L, 19L, 20L).isSubsetOf(16L, 17L, 18L, 19L, 20L, 21L);
    assertThat(lastBytes(Damage.ALL, 15)).as("the blocks keep what they hold").containsExactly(9);
    disk.sync();
    assertThat(last(Damage.NONE, 0).size()).isEqualTo(16 * BLOCK);
    assertThat(last(Damage.ALL, 0).size()).isEqualTo(21 * BLOCK);
    write(18, 1);
    disk.sync();
    assertThat(last(Damage.NONE, 0).size()).as("as far as was written").isEqualTo(19 * BLOCK);
    disk.syncAll();
    assertThat(last(Damage.NONE, 0).size()).isEqualTo(21 * BLOCK);
  }

  @Test
  void shouldKeepADurableWriteBehindATruncationThatIsNot() {
    write(5, 1);
    disk.sync();
    disk.truncate(2 * BLOCK);
    writeDurable(3, 7);
    Set<Integer> fives = new TreeSet<>();
    for (int seed = 0; seed < 50; seed++) {
      for (Damage damage : Damage.values()) {
        BlockImage image = last(damage, seed);
        assertThat(image.get(3 * BLOCK)).isEqualTo((byte) 7);
        assertThat(image.size()).isIn(4L * BLOCK, 16L * BLOCK);
        fives.add((int) image.get(5 * BLOCK));
      }
    }
    assertThat(fives).containsExactly(0, 1);
  }

  @Test
  void shouldMakeAHoleDurableWithASyncOfEverything() {
    writeDurable(0, 1);
    disk.punchHole(0, BLOCK);
    disk.sync();
    assertThat(lastBytes(Damage.NONE, 0)).containsExactly(1);
    assertThat(lastBytes(Damage.ALL, 0)).containsExactly(0);
    disk.syncAll();
    assertThat(lastBytes(Damage.NONE, 0)).containsExactly(0);
  }

  /** The next sync after a failed one says all is well, and has written nothing. */
  @Test
  void shouldNotRepairAFailedSyncByAnother() {
    write(0, 1);
    disk.failNext(Kind.SYNC, Errno.EIO);
    assertFails(disk::sync);
    disk.sync();
    assertThat(lastBytes(Damage.NONE, 0)).containsExactly(0);
    assertThat(lastBytes(Damage.ALL, 0)).containsExactly(1);
  }

  @Test
  void shouldLetAFailedWriteLandLater() {
    disk.failNext(Kind.WRITE, Errno.EIO);
    assertFails(() -> disk.write(block(1), 0));
    disk.sync();
    assertThat(disk.image().get(0)).isZero();
    assertThat(lastBytes(Damage.NONE, 0)).containsExactly(0);
    assertThat(lastBytes(Damage.ALL, 0)).containsExactly(1);
  }

  @Test
  void shouldReportTheMarksBeforeTheCrash() {
    writeDurable(0, 1);
    disk.mark("one");
    writeDurable(0, 2);
    disk.mark("two");
    List<String> seen = new ArrayList<>();
    CrashImages.forEach(
        disk,
        false,
        1,
        2,
        crash -> seen.add(crash.damage() + ":" + crash.image().get(0) + crash.marks()));
    assertThat(seen)
        .containsExactly(
            "NONE:0[]",
            "NONE:0[]",
            "ALL:1[]",
            "NONE:1[one]",
            "NONE:1[one]",
            "ALL:2[one]",
            "NONE:2[one, two]");
  }

  @Test
  void shouldBuildThousandsOfImagesInSeconds() {
    long seed = Long.getLong("test.seed", System.nanoTime());
    System.out.println("simulated crashes: -Dtest.seed=" + seed);
    SplittableRandom random = new SplittableRandom(seed);
    SimulatedDisk large = SimulatedDisk.of(BlockImage.of(new byte[8 << 20]));
    int[] newest = new int[2048];
    List<int[]> acknowledged = new ArrayList<>();
    for (int round = 1; round <= 150; round++) {
      for (int i = 0; i < 3; i++) {
        int at = random.nextInt(newest.length);
        large.write(block(round), (long) at * BLOCK);
        newest[at] = round;
      }
      large.sync();
      acknowledged.add(newest.clone());
      large.mark(round);
    }
    long begun = System.nanoTime();
    long[] checked = new long[1];
    long images =
        CrashImages.forEach(
            large,
            false,
            seed,
            16,
            crash -> {
              int last = crash.marks().size();
              if (last > 0) {
                int at = random.nextInt(newest.length);
                int was = acknowledged.get(last - 1)[at];
                int is = crash.image().get((long) at * BLOCK) & 0xff;
                assertThat(is).as("%s", crash).isIn(was & 0xff, (last + 1) & 0xff);
                checked[0]++;
              }
            });
    System.out.printf(
        "simulated crashes: %,d images of %d events in %d ms%n",
        images, large.events().size(), (System.nanoTime() - begun) / 1_000_000);
    assertThat(images).isGreaterThan(2_000);
    assertThat(checked[0]).isGreaterThan(2_000);
  }

  @Test
  void shouldRebuildACrashFromItsName() {
    write(0, 1);
    writeDurable(1, 2);
    write(2, 3);
    CrashImages.forEach(
        disk,
        false,
        7,
        16,
        crash ->
            assertThat(
                    CrashImages.at(disk, false, crash.point(), crash.damage(), crash.seed())
                        .image())
                .isEqualTo(crash.image()));
  }

  private Set<Integer> lastBytes(Damage damage, int block) {
    Set<Integer> values = new TreeSet<>();
    for (int seed = 0; seed < 64; seed++) {
      values.add((int) last(damage, seed).get((long) block * BLOCK));
    }
    return values;
  }

  private BlockImage last(Damage damage, long seed) {
    return CrashImages.at(disk, false, disk.events().size(), damage, seed).image();
  }

  private void write(int block, int value) {
    disk.write(block(value), (long) block * BLOCK);
  }

  private void writeDurable(int block, int value) {
    try (IoVectors sources = new IoVectors(1)) {
      sources.add(block(value));
      disk.write(sources, (long) block * BLOCK, true);
    }
  }

  private static void assertFails(Runnable operation) {
    assertThatThrownBy(operation::run).isInstanceOf(NativeException.class);
  }

  private MemorySegment block(int value) {
    MemorySegment block = arena.allocate(BLOCK, BLOCK);
    block.fill((byte) value);
    return block;
  }
}
