package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.disk.BlockImage;
import io.ashlar.store.disk.DataFileHandle;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A store's data file comes into being whole, and one that is not whole is never begun again. */
@Timeout(60)
class NewStoreFileTest {

  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS
          .withPoolBytes(4 << 20)
          .withInitialFileBytes(128 << 10)
          .withGrowthBytesMin(64 << 10)
          .withLockTimeoutMs(50_000);

  @TempDir Path temp;

  private Path folder() {
    return temp.resolve("store");
  }

  private Path file() {
    return folder().resolve(StoreFile.NAME);
  }

  private LocalBlobStore open() {
    return LocalBlobStore.builder(folder()).config(CONFIG).open();
  }

  private static void put(LocalBlobStore store, int id) {
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(new BlobId(0, id), MemorySegment.ofArray(new byte[5000]));
      epoch.commit();
    }
  }

  private List<String> names() throws IOException {
    try (var files = Files.list(folder())) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4096, 128 << 10, 1 << 20})
  void shouldNotTakeAFileOfZeroesForANewStore(int bytes) throws IOException {
    var _ = Files.createDirectory(folder());
    Files.write(file(), new byte[bytes]);
    assertThatThrownBy(this::open)
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("restore the store")
        .hasMessageContaining("remove the file");
    assertThatThrownBy(() -> ReadOnlyStore.open(folder(), CONFIG))
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("restore the store");
    assertThat(Files.readAllBytes(file())).isEqualTo(new byte[bytes]);
  }

  /** Wherever a file is cut off, it is refused or nothing is lost. */
  @Test
  void shouldNotTakeATruncatedStoreForANewOne() {
    SimulatedDisk disk = new SimulatedDisk();
    StoreLife.History history = new StoreLife.History();
    try (StoreLife.Opened opened = StoreLife.openOn(disk, 3)) {
      StoreLife.over(disk, history, opened, 3).run(20);
    }
    BlockImage whole = disk.image();
    int refused = 0;
    int tried = 0;
    for (long bytes = 1; bytes < whole.size(); bytes += bytes < 8192 ? 512 : 4096) {
      BlockImage cut = whole.copy();
      cut.truncate(bytes);
      tried++;
      try (StoreLife.Opened opened = StoreLife.openOn(SimulatedDisk.of(cut), 4)) {
        assertThat(StoreLife.difference(opened.store(), history.states.getLast()))
            .as("cut to %d", bytes)
            .isNull();
      } catch (StoreOpenException | CorruptionException e) {
        refused++;
      }
    }
    System.out.println("truncated files: refused=" + refused + " of " + tried);
    assertThat(refused).isGreaterThan(16);
  }

  @Test
  void shouldShowNoFileByItsNameUntilTheStoreIsWhole() throws IOException {
    List<String> during = new ArrayList<>();
    assertThatThrownBy(() ->
            NewStoreFile.makeIfMissing(
                folder(),
                CONFIG,
                () -> 17,
                handle -> {
                  try {
                    during.addAll(names());
                  } catch (IOException e) {
                    throw new AssertionError(e);
                  }
                  throw new NativeException("pwritev2", Errno.ENOSPC, "injected=true");
                }))
        .isInstanceOf(NativeException.class);
    assertThat(during).containsExactly(NewStoreFile.PREFIX + "0000000000000011");
    assertThat(names()).isEmpty();
    try (LocalBlobStore store = open()) {
      assertThat(store.recoveryReport().created()).isTrue();
      assertThat(names()).containsExactly(StoreFile.NAME);
    }
    try (LocalBlobStore store = open()) {
      assertThat(store.recoveryReport().created()).isFalse();
    }
  }

  @Test
  void shouldRemoveWhatAKilledCreatorLeftAndNothingOfALiveOne() throws IOException {
    var _ = Files.createDirectory(folder());
    Path left = Files.write(folder().resolve(NewStoreFile.PREFIX + "dead"), new byte[9000]);
    Path live = Files.write(folder().resolve(NewStoreFile.PREFIX + "live"), new byte[9000]);
    Path other = Files.write(folder().resolve("notes.txt"), new byte[10]);
    try (DataFileHandle creator = DataFileHandle.open(live, NativeFile.Mode.READ_WRITE, true)) {
      assertThat(creator.tryLock(false)).isTrue();
      open().close();
      assertThat(left).doesNotExist();
      assertThat(live).exists();
      Files.write(left, new byte[9000]);
      open().close(); // of a store that exists
      assertThat(left).doesNotExist();
      assertThat(live).exists();
    }
    open().close();
    assertThat(live).doesNotExist();
    assertThat(other).exists();
  }

  /** Where a file system cannot rename without replacing, a crash may leave both names. */
  @Test
  void shouldKeepAStoreOfWhichACrashLeftItsFirstNameToo() throws IOException {
    try (LocalBlobStore store = open()) {
      put(store, 1);
    }
    Path left = folder().resolve(NewStoreFile.PREFIX + "linked");
    Files.createLink(left, file());
    try (LocalBlobStore store = open()) {
      assertThat(left).doesNotExist();
      assertThat(store.contains(new BlobId(0, 1))).isTrue();
    }
  }

  @Test
  void shouldNeverMoveOverAFile() throws IOException {
    Path from = Files.writeString(temp.resolve("from"), "from");
    Path taken = Files.writeString(temp.resolve("taken"), "taken");
    assertThat(DataFileHandle.moveToFreeName(from, taken)).isFalse();
    assertThat(Files.readString(taken)).isEqualTo("taken");
    assertThat(DataFileHandle.moveToFreeName(from, temp.resolve("free"))).isTrue();
    assertThat(from).doesNotExist();
    assertThat(Files.readString(temp.resolve("free"))).isEqualTo("from");
  }

  @Test
  void shouldMakeOneStoreWhenManyOpenAtOnce() throws Exception {
    int openers = 6;
    try (ExecutorService threads = Executors.newFixedThreadPool(openers)) {
      List<Future<Boolean>> created = new ArrayList<>();
      for (int i = 0; i < openers; i++) {
        int id = i;
        created.add(
            threads.submit(() -> {
              try (LocalBlobStore store = open()) {
                put(store, id);
                return store.recoveryReport().created();
              }
            }));
      }
      int count = 0;
      for (Future<Boolean> one : created) {
        count += one.get(120, TimeUnit.SECONDS) ? 1 : 0;
      }
      assertThat(count).as("how many were the first to open").isOne();
    } catch (StoreException e) {
      throw new AssertionError("an opener was refused", e);
    }
    try (LocalBlobStore store = open()) {
      assertThat(store.stats().blobs()).isEqualTo(openers);
    }
    assertThat(names()).containsExactly(StoreFile.NAME);
  }
}
