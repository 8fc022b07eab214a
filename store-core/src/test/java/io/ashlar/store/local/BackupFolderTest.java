package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreConfig;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A backup removes the folders of killed backups, and no folder of a live one. */
@Timeout(120)
class BackupFolderTest {

  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS.withPoolBytes(8 << 20).withInitialFileBytes(1 << 20);

  @TempDir Path folder;

  private Path backups = Path.of("");
  private int backup;

  @BeforeEach
  void makeFolder() throws IOException {
    backups = Files.createDirectory(folder.resolve("backups"));
  }

  private void backUp() throws IOException {
    MemorySegment value = Arena.ofAuto().allocate(5000, 4096);
    try (LocalBlobStore store =
        LocalBlobStore.builder(folder.resolve("store")).config(CONFIG).open()) {
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(new BlobId(1, 1), value);
        epoch.commit();
      }
      try (Snapshot snapshot = store.snapshot()) {
        StoreBackup.Report report = StoreBackup.write(snapshot, backups.resolve("b" + backup++));
        assertThat(report.blobs()).isEqualTo(1);
      }
    }
  }

  private List<Path> partial() throws IOException {
    try (Stream<Path> files = Files.list(backups)) {
      return files.filter(file -> file.toString().endsWith(".partial")).toList();
    }
  }

  /** The child: writes a part of a backup, and waits to be killed. */
  public static void main(String[] arguments) throws IOException {
    BackupFolder made = BackupFolder.make(Path.of(arguments[0]));
    LocalBlobStore store = LocalBlobStore.builder(made.path()).config(CONFIG).open();
    Files.writeString(made.path().resolve(NewStoreFile.PREFIX + "0"), "what an open left");
    System.out.println("READY");
    while (store.stats().blobs() == 0) {
      LockSupport.parkNanos(1_000_000);
    }
  }

  @Test
  void shouldGiveUpAfterManyFoldersThatOthersTook() {
    AtomicInteger attempts = new AtomicInteger();
    assertThatThrownBy(() ->
            BackupFolder.make(
                backups,
                path -> {
                  assertThat(path).isDirectory();
                  assertThat(attempts.incrementAndGet()).as("attempts").isLessThan(1_000);
                  return null; // another process has locked it
                }))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("attempts=" + attempts);
    assertThat(attempts).hasValueGreaterThan(1);
  }

  @Test
  @Tag("campaign")
  void shouldRemoveWhatAKilledBackupLeftAndNotWhatALiveOneHas() throws Exception {
    try (ChildJvm child = ChildJvm.start(List.of(), BackupFolderTest.class, backups.toString())) {
      child.awaitReady();
      backUp();
      assertThat(partial()).as("while it lives").hasSize(1);
      assertThat(partial().getFirst().resolve(StoreFile.NAME)).exists();
      child.kill();
    }
    backUp();
    assertThat(partial()).as("once it was killed").isEmpty();
  }

  /** A writer may be between any two of its steps. */
  @Test
  void shouldNotRemoveAFolderThatAWriterOfThisProcessHas() throws IOException {
    try (BackupFolder made = BackupFolder.make(backups)) {
      backUp();
      assertThat(partial()).containsExactly(made.path());
      Files.writeString(made.path().resolve(StoreFile.NAME), "a store that is not open");
      backUp();
      assertThat(made.path().resolve(StoreFile.NAME)).exists();
    }
    assertThat(partial()).isEmpty();
  }

  @Test
  void shouldLeaveWhatIsNamedOtherwise() throws IOException {
    List<Path> others =
        List.of(
            backups.resolve("ashlar-backup-2024"),
            backups.resolve("ashlar-backup-1234567890123456789"),
            backups.resolve("of-ashlar-backup-00000000-0000-0000-0000-000000000000.partial"));
    for (Path other : others) {
      Files.writeString(Files.createDirectory(other).resolve(StoreFile.NAME), "a user's");
    }
    Path link = backups.resolve("ashlar-backup-00000000-0000-0000-0000-000000000000.partial");
    Files.createSymbolicLink(link, others.getFirst());
    backUp();
    assertThat(others).allSatisfy(other -> assertThat(other.resolve(StoreFile.NAME)).exists());
    assertThat(link).isSymbolicLink();
  }
}
