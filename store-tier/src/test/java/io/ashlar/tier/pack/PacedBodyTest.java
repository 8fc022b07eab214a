package io.ashlar.tier.pack;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.spi.BackgroundWork;
import io.ashlar.tier.object.ObjectBody;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PacedBodyTest {
  private static final int LENGTH = (1 << 20) + 12_345;
  private static final int STEP_BYTES = 64 << 10;

  @TempDir Path folder;

  private final byte[] bytes = new byte[LENGTH];
  private int rests;

  PacedBodyTest() {
    new SplittableRandom(1).nextBytes(bytes);
  }

  private ObjectBody body() {
    MemorySegment memory = MemorySegment.ofArray(bytes);
    return new PacedBody(
        ObjectBody.of(memory),
        memory,
        new BackgroundWork() {
          @Override
          public void rest(long moved) {
            assertThat(moved).as("they were counted when they were read").isZero();
            rests++;
          }

          @Override
          public long stepBytesMax() {
            return STEP_BYTES;
          }
        });
  }

  @Test
  void shouldRestAfterEachStepOfAFile() throws IOException {
    Path file = folder.resolve("object");
    ObjectBody body = body();
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      body.writeTo(channel);
    }
    assertThat(Files.readAllBytes(file)).isEqualTo(bytes);
    assertThat(rests).isEqualTo((LENGTH + STEP_BYTES - 1) / STEP_BYTES);
    assertThat(body.length()).isEqualTo(LENGTH);
    assertThat(body.crc32c()).isEqualTo(ObjectBody.of(bytes).crc32c());
  }

  @Test
  void shouldRestAfterEachStepOfAStream() throws IOException {
    ObjectBody body = body();
    for (int attempt = 1; attempt <= 2; attempt++) { // a repeated request reads it again
      rests = 0;
      try (InputStream stream = body.newStream()) {
        assertThat(stream.read()).isEqualTo(bytes[0] & 0xff);
        assertThat(stream.readAllBytes()).endsWith(bytes[LENGTH - 2], bytes[LENGTH - 1]);
      }
      assertThat(rests).isEqualTo(LENGTH / STEP_BYTES);
    }
  }
}
