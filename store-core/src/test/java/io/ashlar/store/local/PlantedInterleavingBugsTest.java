package io.ashlar.store.local;

import static org.assertj.core.api.Assumptions.assumeThat;

import io.ashlar.store.Interleavings;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Plants bugs in what threads share without a lock, and sees that each is found: by Lincheck, or,
 * where a split counts as one step there, by threads that run beside each other, with a pause where
 * the bug is.
 */
@Tag("campaign")
@Timeout(300)
class PlantedInterleavingBugsTest {

  private static final String INDEX = "io.ashlar.store.index.BlobIndexLincheckTest";
  private static final String STACK = "io.ashlar.store.disk.BufferStackLincheckTest";
  private static final String LEASE = "io.ashlar.store.read.LeaseLincheckTest";
  private static final String CACHE = "io.ashlar.store.read.cache.BlobCacheLincheckTest";

  private static final String UPPER_FIRST =
      """
          publish(known, firstOne, elements, one);
          publish(known, firstZero, elements, zero);
      """;
  private static final String LOWER_FIRST =
      """
          publish(known, firstZero, elements, zero);
          java.util.concurrent.locks.LockSupport.parkNanos(2_000_000);
          publish(known, firstOne, elements, one);
      """;

  @TempDir Path folder;

  /** A bug and the test that finds it. */
  record Planted(String test, String method, PlantedBug bug) {

    @Override
    public String toString() {
      return bug.name();
    }
  }

  private static Planted planted(
      String test, String method, String name, String file, String right, String wrong) {
    return new Planted(test, method, PlantedBug.of(name, file, right, wrong));
  }

  static Stream<Planted> bugs() {
    return Stream.of(
        planted(
            INDEX,
            "shouldReadWholeEntriesInEveryInterleaving",
            "a reader of the index does not look whether its bucket is unchanged",
            "index/Bucket.java",
            "return (long) LONG.getOpaque(bucket, VERSION) == version;",
            "return true;"),
        planted(
            INDEX,
            "shouldReadWholeEntriesInEveryInterleaving",
            "a reader of the index looks into a bucket that is being changed",
            "index/BlobIndex.java",
            "if ((version & 1) == 0 && Bucket.owns(bucket, hash)) {",
            "if (Bucket.owns(bucket, hash)) {"),
        planted(
            INDEX,
            "shouldFindEntriesInEveryInterleavingWithSplits",
            "a bucket that was split is not retired",
            "index/Directory.java",
            "    Bucket.beginChange(full);\n    addSpare(full);",
            "    addSpare(full);"),
        planted(
            "io.ashlar.store.index.BlobIndexConcurrencyTest",
            "shouldReadOnlyEntriesThatWereWritten",
            "the lower half of a split bucket is published first",
            "index/Directory.java",
            UPPER_FIRST,
            LOWER_FIRST),
        planted(
            STACK,
            "shouldTellATopThatCameBackFromOneThatStayed",
            "a free buffer that is back on top is taken for one that stayed there",
            "disk/BufferStack.java",
            "return ((head >>> 32) + 1) << 32;",
            "return (head >>> 32) << 32;"),
        planted(
            LEASE,
            "shouldLendAndGiveBackOnceInEveryInterleaving",
            "a lease is closed after it may have been opened again",
            "read/LeasedBlob.java",
            "    value = null;\n    MEMORY.setRelease(this, (LentMemory) null);",
            "    MEMORY.setRelease(this, (LentMemory) null);\n    value = null;"),
        planted(
            LEASE,
            "shouldLendAndGiveBackOnceInEveryInterleaving",
            "a lease gives its memory back twice",
            "read/LeasedBlob.java",
            "    MEMORY.setRelease(this, (LentMemory) null);\n    giveBack",
            "    giveBack"),
        planted(
            CACHE,
            "shouldPinWhatIsReadInEveryInterleaving",
            "a cached blob is pinned after its last user has gone",
            "read/cache/CachedBlob.java",
            "      if (now == 0) {\n        return false;\n      }\n",
            ""));
  }

  @BeforeEach
  void doNotMinimize() {
    System.setProperty(Interleavings.MINIMIZE, "false");
  }

  @AfterEach
  void minimizeAgain() {
    System.clearProperty(Interleavings.MINIMIZE);
  }

  @ParameterizedTest
  @MethodSource("bugs")
  void shouldBeFound(Planted planted) throws Exception {
    assumeThat(planted.bug().isTried()).isTrue();
    Throwable found = planted.bug().tryTest(folder, planted.test(), planted.method());
    PlantedBug.assertFound(planted, found);
  }
}
