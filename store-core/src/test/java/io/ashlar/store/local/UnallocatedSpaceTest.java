package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StorageFullException;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.disk.BlockImage;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.SuperblockFormat;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Space of which the file system took the blocks is no place for a commit (L29). */
class UnallocatedSpaceTest {

  private static void put(LocalBlobStore store, int id) {
    put(store, id, 1);
  }

  private static void put(LocalBlobStore store, int id, int content) {
    byte[] value = new byte[20_000];
    Arrays.fill(value, (byte) content);
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(new BlobId(1, id), MemorySegment.ofArray(value));
      epoch.commit();
    }
  }

  private static void delete(LocalBlobStore store, int id) {
    try (Epoch epoch = store.beginEpoch()) {
      epoch.delete(new BlobId(1, id));
      epoch.commit();
    }
  }

  /** Returns a closed store of which most was deleted. */
  private static BlockImage store() {
    SimulatedDisk disk = new SimulatedDisk();
    try (StoreLife.Opened opened = StoreLife.openOn(disk, 5)) {
      for (int i = 0; i < 60; i++) {
        put(opened.store(), i);
      }
      for (int i = 0; i < 50; i++) {
        delete(opened.store(), i);
        opened.runSteps();
      }
    }
    return disk.image();
  }

  @Test
  void shouldNotPoisonOnAFullDiskAndGoOnOnceThereIsSpace() {
    BlockImage image = store();
    SimulatedDisk disk = SimulatedDisk.of(image);
    // What a vacuum punched: the upper two thirds of the file, as far as nothing lies there.
    for (long block = image.size() / Blocks.BYTES / 3;
        block < image.size() / Blocks.BYTES;
        block++) {
      disk.makeUnallocated(block);
    }
    disk.setFull(true);
    disk.limitSize(image.size());
    try (StoreLife.Opened opened = StoreLife.openOn(disk, 6)) {
      LocalBlobStore store = opened.store();
      assertThatThrownBy(
              () -> {
                for (int i = 100; i < 400; i++) {
                  put(store, i);
                }
              })
          .isInstanceOf(StorageFullException.class);
      assertThat(store.stats().failed()).isFalse();
      delete(store, 55);
      assertThat(store.stats().failed()).isFalse();
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
      disk.setFull(false);
      for (int i = 400; i < 410; i++) {
        put(store, i);
      }
      assertThat(store.stats().failed()).isFalse();
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
  }

  /** Returns a copy as {@code cp --sparse} makes it: what holds zeroes has no blocks. */
  private static SimulatedDisk sparseCopy(BlockImage image) {
    SimulatedDisk disk = SimulatedDisk.of(image);
    try (NativeMemory memory = NativeMemory.allocate(image.size())) {
      MemorySegment all = memory.segment();
      long _ = disk.read(all, 0);
      for (long block = 0; block < image.size() / Blocks.BYTES; block++) {
        MemorySegment content = all.asSlice(Blocks.offset(block), Blocks.BYTES);
        if (SuperblockFormat.isBlank(content)) {
          disk.makeUnallocated(block);
        }
      }
    }
    disk.limitSize(image.size());
    return disk;
  }

  private static BlockImage storeWithZeroes() {
    SimulatedDisk disk = new SimulatedDisk();
    try (StoreLife.Opened opened = StoreLife.openOn(disk, 5)) {
      for (int i = 0; i < 60; i++) {
        put(opened.store(), i, i % 2);
      }
    }
    return disk.image();
  }

  /** The rest of the log's extent is a hole, too: nothing can be committed, and nothing is lost. */
  @Test
  void shouldRefuseCommitsInASparseCopyOnAFullDisk() {
    SimulatedDisk disk = sparseCopy(storeWithZeroes());
    disk.setFull(true);
    try (StoreLife.Opened opened = StoreLife.openOn(disk, 6)) {
      LocalBlobStore store = opened.store();
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> put(store, 100)).isInstanceOf(StorageFullException.class);
        assertThatThrownBy(() -> delete(store, 1)).isInstanceOf(StorageFullException.class);
      }
      assertThat(store.stats().failed()).isFalse();
      assertThat(store.stats().blobs()).isEqualTo(60);
      disk.setFull(false);
      delete(store, 1);
      put(store, 100);
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
  }

  /** A blob of zeroes leaves holes behind it, which are no place for others. */
  @Test
  void shouldNotReuseWhatABlobOfZeroesHadInASparseCopy() {
    SimulatedDisk disk = sparseCopy(storeWithZeroes());
    int added = 0;
    try (StoreLife.Opened opened = StoreLife.openOn(disk, 6)) {
      LocalBlobStore store = opened.store();
      for (int i = 0; i < 60; i++) {
        delete(store, i);
        opened.runSteps();
      }
      disk.setFull(true);
      try {
        for (; added < 60; added++) {
          put(store, 100 + added);
        }
      } catch (StorageFullException e) {
        // as it should be, sooner or later
      }
      assertThat(added).as("without all space of 60 such blobs").isBetween(1, 59);
      assertThat(store.stats().failed()).isFalse();
      delete(store, 100);
      disk.setFull(false);
      for (int i = 0; i < 60; i++) {
        put(store, 200 + i);
      }
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
    try (StoreLife.Opened opened = StoreLife.openOn(SimulatedDisk.of(disk.image()), 7)) {
      assertThat(opened.store().stats().blobs()).isEqualTo(added - 1 + 60);
      assertThat(opened.store().verify(VerifyListener.NONE).clean()).isTrue();
    }
  }
}
