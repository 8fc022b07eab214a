package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** W6: a get allocates nothing in steady state, in any of its forms. */
@Tag("campaign")
@Timeout(300)
class ReadAllocationTest {

  private static final int IDS = 16;
  private static final int LENGTH = 5000;
  private static final int COUNTED = 2000;
  private static final int ROUNDS_MAX = 40;

  @TempDir Path folder;

  private LocalBlobStore store;
  private final BlobId[] ids = new BlobId[IDS];

  /** One read of blob {@code i}; returns a byte of it. */
  @FunctionalInterface
  private interface Read {
    long of(int i);
  }

  @BeforeEach
  void openAsUsersDo() { // checks fill and verify every buffer
    String checks = System.setProperty("ashlar.checks", "false");
    try {
      store =
          LocalBlobStore.builder(folder)
              .config(StoreConfig.DEFAULTS.withPoolBytes(16 << 20).withInitialFileBytes(1 << 20))
              .open();
    } finally {
      System.setProperty("ashlar.checks", checks == null ? "false" : checks);
    }
    try (Epoch epoch = store.beginEpoch()) {
      for (int i = 0; i < IDS; i++) {
        ids[i] = new BlobId(7, i);
        byte[] value = new byte[LENGTH];
        value[LENGTH - 1] = (byte) i;
        epoch.put(ids[i], MemorySegment.ofArray(value));
      }
      epoch.commit();
    }
  }

  @AfterEach
  void close() {
    store.close();
  }

  /** Returns the bytes that one read allocates on this thread once everything is compiled. */
  private double allocated(String what, Read read) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    double bytes = Double.MAX_VALUE;
    int round = 0;
    long sum = 0;
    // Until everything is compiled: by how much it allocates, not by a clock.
    for (; round < ROUNDS_MAX && bytes >= 1; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < COUNTED; i++) {
        sum += read.of(i % IDS);
      }
      bytes = (threads.getCurrentThreadAllocatedBytes() - before) / (double) COUNTED;
    }
    assertThat(sum).isPositive();
    System.out.printf("%s: %.3f bytes a get after %d rounds%n", what, bytes, round);
    return bytes;
  }

  private long lease(int i) {
    try (BlobLease lease = store.get(ids[i])) {
      return lease == null ? -1 : lease.value().get(ValueLayout.JAVA_BYTE, LENGTH - 1);
    }
  }

  @Test
  void shouldAllocateNothingForALease() {
    assertThat(lease(3)).isEqualTo(3);
    assertThat(allocated("lease", this::lease)).isLessThan(1);
  }

  @Test
  void shouldAllocateNothingForACopyIntoAlignedMemory() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(16_384, 4096);
      Read read =
          i -> {
            long length = store.get(ids[i], target);
            return length == LENGTH ? target.get(ValueLayout.JAVA_BYTE, LENGTH - 1) : -1;
          };
      assertThat(read.of(5)).isEqualTo(5);
      assertThat(allocated("aligned target", read)).isLessThan(1);
    }
  }

  @Test
  void shouldAllocateNothingForACopyIntoOtherMemory() {
    MemorySegment target = MemorySegment.ofArray(new byte[LENGTH]);
    Read read =
        i -> {
          long length = store.get(ids[i], target);
          return length == LENGTH ? target.get(ValueLayout.JAVA_BYTE, LENGTH - 1) : -1;
        };
    assertThat(read.of(7)).isEqualTo(7);
    assertThat(allocated("heap target", read)).isLessThan(1);
    assertThat(allocated("length", i -> store.length(ids[i]))).isLessThan(1);
  }

  @Test
  @SuppressWarnings("try") // closes twice on purpose
  void shouldNotLetAClosedLeaseTouchTheNextOnes() {
    BlobLease first = store.get(ids[1]);
    assertThat(first).isNotNull();
    first.close();
    for (int i = 0; i < 60; i++) {
      try (BlobLease next = store.get(ids[2])) {
        assertThat(next).isNotNull().isNotSameAs(first);
        first.close();
        assertThat(next.value().get(ValueLayout.JAVA_BYTE, LENGTH - 1)).isEqualTo((byte) 2);
      }
    }
  }

  @Test
  void shouldLendAsManyLeasesAtOnceAsThereAreBuffers() {
    BlobLease[] leases = new BlobLease[100]; // more than a thread keeps
    for (int i = 0; i < leases.length; i++) {
      leases[i] = store.get(ids[i % IDS]);
    }
    for (int i = 0; i < leases.length; i++) {
      assertThat(leases[i].value().get(ValueLayout.JAVA_BYTE, LENGTH - 1))
          .isEqualTo((byte) (i % IDS));
    }
    long free = store.stats().poolFreeBytes();
    for (BlobLease lease : leases) {
      lease.close();
    }
    assertThat(store.stats().poolFreeBytes()).isGreaterThan(free + 100 * 8192);
  }
}
