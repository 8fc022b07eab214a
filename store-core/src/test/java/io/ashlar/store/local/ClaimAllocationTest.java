package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * W6: an epoch of claims allocates no more than the memory segments that it lends. Runs in a JVM of
 * its own, as {@link CommitAllocationTest} does.
 */
@Tag("campaign")
@Timeout(300)
class ClaimAllocationTest {

  private static final StoreConfig SMALL =
      StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20);
  private static final int CLAIMS = 3;

  /** A slice of a native segment. */
  private static final int SEGMENT_BYTES = 48;

  @TempDir Path folder;

  private final String checks = System.getProperty("ashlar.checks", "false");

  @BeforeEach
  void doAsUsersDo() { // checks lend a copy
    System.setProperty("ashlar.checks", "false");
  }

  @AfterEach
  void checkAgain() {
    System.setProperty("ashlar.checks", checks);
  }

  @Test
  @SuppressWarnings("try") // begins with none open
  void shouldAllocateNoMoreThanWhatItLends() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    BlobId[] ids = new BlobId[64];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = new BlobId(7, i);
    }
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(SMALL).open();
        Epoch epoch = store.beginEpoch()) {
      epoch.close();
      int counted = 1000;
      long bytes = Long.MAX_VALUE;
      int rounds = 0;
      for (; rounds < 40 && bytes / counted >= CLAIMS * SEGMENT_BYTES + 8; rounds++) {
        bytes = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < counted; i++) {
          epoch.begin();
          for (int c = 0; c < CLAIMS; c++) {
            epoch.claim(ids[(i + c) % ids.length], 4096).set(ValueLayout.JAVA_INT, 0, i);
          }
          epoch.commit();
        }
        bytes = threads.getCurrentThreadAllocatedBytes() - bytes;
      }
      System.out.printf(
          "a commit of %d claims, after %d: %.2f bytes%n",
          CLAIMS, rounds * counted, bytes / (double) counted);
      assertThat(bytes / counted).isLessThan(CLAIMS * SEGMENT_BYTES + 8);
    }
  }
}
