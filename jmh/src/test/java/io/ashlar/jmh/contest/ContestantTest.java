package io.ashlar.jmh.contest;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.jmh.peer.BlobBatch;
import io.ashlar.jmh.peer.Keys;
import io.ashlar.jmh.peer.PeerReader;
import io.ashlar.jmh.peer.PeerStore;
import io.ashlar.jmh.peer.PeerWriter;
import io.ashlar.jmh.peer.ReadBuffer;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ContestantTest {

  private static final int VALUE_BYTES = 4096;
  private static final Cell CELL = new Cell("test", 2, 2, VALUE_BYTES, 64 * VALUE_BYTES, 0);

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "LIMIT_COMBINED")
  @Tag("campaign")
  void shouldReadBackWhatItCommitted(Contestant contestant, @TempDir Path folder) {
    Keys keys = new Keys(CELL.idCount());
    SplittableRandom random = new SplittableRandom(1);
    try (PeerStore store = contestant.open(folder, keys, CELL);
        PeerWriter writer = store.openWriter();
        BlobBatch batch = new BlobBatch(CELL.values(), VALUE_BYTES, 1);
        ReadBuffer target = new ReadBuffer(VALUE_BYTES)) {
      store.pause();
      store.resume();
      for (int i = 0; i < 3; i++) {
        batch.chooseIds(random, keys.count());
        writer.commit(batch);
        assertThat(store.read(batch.id(0), target)).isEqualTo(VALUE_BYTES);
        assertThat(store.read(batch.id(1), target)).isEqualTo(VALUE_BYTES);
        try (PeerReader reader = store.openReader()) {
          assertThat(reader.read(batch.id(0), target)).isEqualTo(VALUE_BYTES);
          assertThat(reader.read(batch.id(1), target)).isEqualTo(VALUE_BYTES);
        }
      }
      assertThat(store.durability()).isNotEmpty();
    }
  }

  @Test
  void shouldMakeTheSameKeysOnDemand() {
    Keys made = new Keys(4);
    Keys onDemand = Keys.onDemand(4);
    assertThat(onDemand.count()).isEqualTo(4);
    for (int i = 0; i < 4; i++) {
      assertThat(onDemand.blobId(i)).isEqualTo(made.blobId(i));
      assertThat(onDemand.bytes(i)).isEqualTo(made.bytes(i));
    }
  }
}
