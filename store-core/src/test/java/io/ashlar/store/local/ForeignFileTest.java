package io.ashlar.store.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreOpenException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A store is begun only where nothing is: neither another's file nor what is left of a store. */
class ForeignFileTest {

  @TempDir Path folder;

  private LocalBlobStore open() {
    return LocalBlobStore.builder(folder)
        .config(StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20))
        .open();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 100, 4095, 4096, 20_000, 200_000})
  void shouldNotOverwriteAFileThatIsNoStoreHoweverShort(int length) throws IOException {
    byte[] text = "not a store, ".repeat(16_000).substring(0, length).getBytes(UTF_8);
    byte[] late = new byte[length];
    late[length - 1] = 1;
    for (byte[] content : new byte[][] {text, late}) {
      Files.write(folder.resolve("ashlar.data"), content);
      assertThatThrownBy(this::open).isInstanceOf(StoreOpenException.class);
      assertThat(Files.readAllBytes(folder.resolve("ashlar.data"))).isEqualTo(content);
    }
  }

  @Test
  void shouldNotBeginAgainWhereAStoreLostItsFirstBlocks() throws IOException {
    Path file = folder.resolve("ashlar.data");
    try (LocalBlobStore store = open();
        Epoch epoch = store.beginEpoch()) {
      for (int i = 0; i < 20; i++) {
        epoch.put(new BlobId(0, i), MemorySegment.ofArray(new byte[] {1, 2, 3}));
      }
      epoch.commit();
    }
    byte[] content = Files.readAllBytes(file);
    for (int cut : new int[] {1, 511, 4095}) {
      Files.write(file, Arrays.copyOf(content, cut));
      assertThatThrownBy(this::open).as("cut to %d", cut).isInstanceOf(StoreException.class);
    }
    Arrays.fill(content, 0, 3 * 4096, (byte) 0);
    Files.write(file, content);
    assertThatThrownBy(this::open).isInstanceOf(StoreOpenException.class);
    assertThat(Files.readAllBytes(file)).isEqualTo(content);
  }
}
