package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.FaultyDisks;
import io.ashlar.uring.Errno;
import io.ashlar.uring.FaultyCalls;
import io.ashlar.uring.FaultyCalls.Fault;
import io.ashlar.uring.FaultyCalls.Refusal;
import io.ashlar.uring.NativeFile;
import io.ashlar.uring.UringSupport;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever ring the kernel refuses, and however: the store does without it, and says why. */
@Timeout(60)
class RefusedRingTest {

  private static final long SEED = 7;

  @TempDir Path folder;

  private final Logger quiet = Logger.getLogger("io.ashlar.store");

  @BeforeEach
  void muteTheLog() {
    quiet.setLevel(Level.OFF);
  }

  @AfterEach
  void restoreTheLog() {
    quiet.setLevel(null);
  }

  static Stream<Arguments> refusals() {
    List<Arguments> all = new ArrayList<>();
    for (int ring = 0; ring < 2; ring++) { // the I/O thread's, then the readers'
      for (Refusal refusal : Refusal.values()) {
        for (int errno : new int[] {Errno.ENOMEM, Errno.EPERM, Errno.EMFILE, Errno.EINVAL}) {
          all.add(Arguments.of(ring, refusal, errno));
        }
      }
    }
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource("refusals")
  @Tag("campaign")
  void shouldCommitAndReadWithoutTheRing(int ring, Refusal refusal, int errno) throws IOException {
    Path path = Files.createFile(folder.resolve("data"));
    FaultyCalls calls = new FaultyCalls(Fault.errno(Long.MAX_VALUE, Errno.EIO, 0));
    calls.refuseRings(ring, refusal, errno);
    Disk disk = FaultyDisks.open(path, NativeFile.Mode.READ_WRITE, calls, true);
    try (StoreLife.Opened opened = StoreLife.openOn(disk, SEED)) {
      DataFileStore store = opened.store();
      List<BlobId> ids = new ArrayList<>();
      List<CompletableFuture<?>> commits = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        ids.add(StoreLife.id(i));
        try (Epoch epoch = store.beginEpoch()) {
          epoch.put(StoreLife.id(i), MemorySegment.ofArray(new byte[5000]));
          commits.add(epoch.commitAsync());
        }
      }
      while (store.doWork() > 0) {
        assertThat(store.stats().failed()).isFalse();
      }
      commits.forEach(commit -> assertThat(commit).isCompleted());
      Counted counted = new Counted();
      store.getAll(ids, counted);
      assertThat(counted.blobs).isEqualTo(5);
      assertThat(store.stats().engine()).isEqualTo(ring == 0 ? "pread/pwrite" : "io_uring");
      assertThat(store.stats().engineReason()).contains("refused").contains(Errno.name(errno));
      assertThat(disk.queuesOverlap()).isFalse();
    }
    Disk next =
        FaultyDisks.open(
            path,
            NativeFile.Mode.READ_WRITE,
            new FaultyCalls(Fault.errno(Long.MAX_VALUE, Errno.EIO, 0)),
            true);
    try (StoreLife.Opened opened = StoreLife.openOn(next, SEED + 1)) {
      assertThat(opened.store().stats().engine()).isEqualTo("io_uring");
      assertThat(opened.store().stats().blobs()).isEqualTo(5);
    }
  }

  private static final class Counted implements BatchVisitor {
    private int blobs;

    @Override
    public void onBlob(int index, BlobId id, MemorySegment value) {
      blobs++;
    }

    @Override
    public void onFailed(int index, BlobId id, StoreException failure) {
      throw failure;
    }
  }

  /** Opens a store while io_uring is refused, and again once it is not. */
  static final class Child {

    private Child() {}

    public static void main(String[] arguments) {
      System.setProperty("ashlar.uring", "off");
      for (int i = 0; i < 2; i++) {
        try (DataFileStore store =
            (DataFileStore)
                LocalBlobStore.builder(Path.of(arguments[0]))
                    .config(StoreConfig.DEFAULTS.withPoolBytes(4 << 20))
                    .open()) {
          System.out.println("engine " + store.stats().engine());
        }
        System.clearProperty("ashlar.uring");
      }
    }
  }

  @Test
  void shouldTryAgainAtTheNextOpen() throws Exception {
    try (ChildJvm child =
        ChildJvm.start(List.of(), Child.class, folder.resolve("store").toString())) {
      assertThat(child.exitCode()).as("%s", child).isZero();
      String second = UringSupport.probe().available() ? "engine io_uring" : "engine pread/pwrite";
      assertThat(child.output()).contains("engine pread/pwrite").last().isEqualTo(second);
    }
  }
}
