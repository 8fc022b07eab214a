package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreFailedException;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.disk.DataFileHandle;
import io.ashlar.store.disk.Disks;
import io.ashlar.uring.NativeFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Commits do not go on for long into a data file that has no name any more (G2). */
@Timeout(60)
class DeletedFileTest {

  private static final long SECOND_NS = 1_000_000_000L;
  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20);

  @TempDir Path temp;

  private final Logger quiet = Logger.getLogger("io.ashlar.store");
  private final AtomicLong clockNs = new AtomicLong();
  private int blobs;

  @BeforeEach
  void muteTheLog() {
    quiet.setLevel(Level.OFF);
  }

  @AfterEach
  void restoreTheLog() {
    quiet.setLevel(null);
  }

  private Path folder() {
    return temp.resolve("store");
  }

  private Path file() {
    return folder().resolve(StoreFile.NAME);
  }

  private DataFileStore open(StoreConfig.Engine engine) {
    LocalBlobStore.builder(folder()).config(CONFIG).open().close();
    StoreEnvironment system = StoreEnvironment.system();
    DataFileHandle handle = DataFileHandle.open(file(), NativeFile.Mode.READ_WRITE, true);
    return StoreOpening.open(
        file().toString(),
        Disks.over(handle, engine == StoreConfig.Engine.AUTO),
        CONFIG,
        new StoreEnvironment(
            system.ids(), system.clockMs(), clockNs::get, Runnable::run, Runnable::run, false));
  }

  /** Commits one blob, on the caller's thread or through the queue; returns why that failed. */
  private @Nullable StoreFailedException commit(DataFileStore store, boolean queued) {
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(new BlobId(0, blobs), MemorySegment.ofArray(new byte[5000]));
      if (queued) {
        CompletableFuture<?> done = epoch.commitAsync();
        while (store.doWork() > 0) {
          clockNs.incrementAndGet();
        }
        done.join();
      } else {
        epoch.commit();
      }
      blobs++;
      return null;
    } catch (StoreFailedException e) {
      return e;
    } catch (CompletionException e) {
      return (StoreFailedException) e.getCause();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "AUTO, false, true",
    "AUTO, true, false",
    "PREAD_PWRITE, false, false",
    "PREAD_PWRITE, true, true"
  })
  void shouldFailTheNextCommitAndGoOnReading(
      StoreConfig.Engine engine, boolean queued, boolean replaced) throws IOException {
    try (DataFileStore store = open(engine)) {
      assertThat(commit(store, queued)).isNull();
      if (replaced) {
        Path other = Files.createFile(temp.resolve("other"));
        var _ = Files.move(other, file(), StandardCopyOption.ATOMIC_MOVE);
      } else {
        Files.delete(file());
      }
      clockNs.addAndGet(SECOND_NS / 2);
      int acknowledged = blobs;
      StoreFailedException failure = commit(store, queued);
      for (int i = 0; failure == null; i++) {
        assertThat(i).as("commits after half a second each").isLessThan(2);
        clockNs.addAndGet(SECOND_NS / 2);
        failure = commit(store, queued);
      }
      assertThat(failure)
          .hasMessageContaining("data file was deleted or replaced while it was open")
          .hasMessageContaining("read and save it first")
          .hasMessageContaining("file=" + file());
      assertThat(store.stats().failed()).isTrue();
      assertThat(blobs - acknowledged).isLessThan(2);
      assertThat(store.verify(VerifyListener.NONE).damaged()).isZero();
      for (int i = 0; i < blobs; i++) {
        try (BlobLease lease = store.get(new BlobId(0, i))) {
          assertThat(lease).isNotNull();
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"AUTO, false", "PREAD_PWRITE, true"})
  void shouldGoOnWhenTheFolderWasRenamedOrTheFileHasAnotherName(
      StoreConfig.Engine engine, boolean linked) throws IOException {
    try (DataFileStore store = open(engine)) {
      if (linked) {
        Files.createLink(temp.resolve("kept"), file());
        Files.delete(file());
      } else {
        Files.move(folder(), temp.resolve("moved"));
      }
      for (int i = 0; i < 5; i++) {
        clockNs.addAndGet(2 * SECOND_NS);
        assertThat(commit(store, i % 2 == 0)).isNull();
      }
      try (BlobLease lease = store.get(new BlobId(0, 4))) {
        assertThat(lease).isNotNull();
      }
    }
  }
}
