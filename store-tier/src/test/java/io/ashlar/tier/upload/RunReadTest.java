package io.ashlar.tier.upload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.TierSnapshot;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.BlobModel;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads of several blobs at once, as a pass makes them. */
class RunReadTest {
  @TempDir Path folder;

  private final BlobModel model = new BlobModel();

  private LocalBlobStore filled() {
    LocalBlobStore store =
        LocalBlobStore.builder(folder).config(StoreConfig.DEFAULTS.withPoolBytes(8 << 20)).open();
    model.putRange(store, 1, 200, 1);
    return store;
  }

  private static List<BlobChange> stored(TierSnapshot snapshot) {
    List<BlobChange> changes = new ArrayList<>();
    snapshot.forEachChange(
        0,
        change -> {
          if (change.kind() == BlobChange.Kind.STORED && change.length() > 0) {
            changes.add(change);
          }
        });
    changes.sort(Comparator.comparingLong(BlobChange::startBlock));
    return changes;
  }

  private static long offset(List<BlobChange> changes, int at) {
    return (changes.get(at).startBlock() - changes.getFirst().startBlock()) * 4096;
  }

  private static MemorySegment buffer(List<BlobChange> changes, Arena arena) {
    long last = offset(changes, changes.size() - 1);
    return arena.allocate(last + (changes.getLast().length() + 4095) / 4096 * 4096, 4096);
  }

  @Test
  void shouldReadTheSameAsOneByOneWhateverChangesMeanwhile() {
    try (LocalBlobStore store = filled();
        TierSnapshot snapshot = ((TierSource) store).tierSnapshot();
        Arena arena = Arena.ofConfined()) {
      List<BlobChange> changes = stored(snapshot);
      model.copy().putRange(store, 50, 150, 2);
      MemorySegment buffer = buffer(changes, arena);
      snapshot.readRun(changes, buffer);
      for (int i = 0; i < changes.size(); i++) {
        BlobChange change = changes.get(i);
        MemorySegment alone = arena.allocate(change.length());
        snapshot.read(change, alone);
        assertThat(buffer.asSlice(offset(changes, i), change.length()).mismatch(alone))
            .as("blob %s", change)
            .isEqualTo(-1);
      }
    }
  }

  @Test
  void shouldReadABlobThatDoesNotLieWhereItsChangeSays() {
    try (LocalBlobStore store = filled();
        TierSnapshot snapshot = ((TierSource) store).tierSnapshot();
        Arena arena = Arena.ofConfined()) {
      BlobChange real = stored(snapshot).get(5);
      // As after a relocation: the place is another by now.
      BlobChange moved =
          new BlobChange(
              real.id(),
              real.sequence(),
              real.kind(),
              real.length(),
              real.crc32c(),
              real.startBlock() + 3);
      MemorySegment buffer = buffer(List.of(moved), arena);
      snapshot.readRun(List.of(moved), buffer);
      MemorySegment alone = arena.allocate(real.length());
      snapshot.read(real, alone);
      assertThat(buffer.asSlice(0, real.length()).mismatch(alone)).isEqualTo(-1);
    }
  }

  @Test
  void shouldNameTheBlobThatIsDamaged() throws IOException {
    try (LocalBlobStore store = filled();
        TierSnapshot snapshot = ((TierSource) store).tierSnapshot();
        Arena arena = Arena.ofConfined()) {
      List<BlobChange> changes = stored(snapshot);
      BlobChange victim = changes.get(changes.size() / 2);
      Path data;
      try (Stream<Path> files = Files.list(folder)) {
        data = files.filter(Files::isRegularFile).findFirst().orElseThrow();
      }
      try (FileChannel channel = FileChannel.open(data, StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), victim.startBlock() * 4096 + 7);
      }
      assertThatThrownBy(() -> snapshot.readRun(changes, buffer(changes, arena)))
          .isInstanceOfSatisfying(
              CorruptionException.class, e -> assertThat(e.id()).isEqualTo(victim.id()));
      assertThatThrownBy(() -> snapshot.readRun(changes, arena.allocate(4096, 4096)))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
