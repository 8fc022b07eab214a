package io.ashlar.tier.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ashlar.tier.batch.BatchFormatException.Check;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every fixture of LaminarDB's format, as its index says. */
class BatchFixturesTest {
  static JsonNode index() throws IOException {
    try (InputStream stream = resource("index.json")) {
      return new ObjectMapper().readTree(stream);
    }
  }

  static byte[] fixture(String file) throws IOException {
    try (InputStream stream = resource("fixtures/" + file)) {
      return stream.readAllBytes();
    }
  }

  private static InputStream resource(String name) {
    return Objects.requireNonNull(BatchFixturesTest.class.getResourceAsStream("/lcb1/" + name));
  }

  @Test
  void shouldHaveEveryFixtureOfTheIndexUnchanged() throws Exception {
    Set<String> listed = new TreeSet<>();
    for (JsonNode fixture : index().get("fixtures")) {
      byte[] bytes = fixture(fixture.get("file").asText());
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
      assertThat(HexFormat.of().formatHex(digest)).isEqualTo(fixture.get("sha256").asText());
      listed.add(fixture.get("file").asText());
    }
    Path folder =
        Path.of(
            Objects.requireNonNull(BatchFixturesTest.class.getResource("/lcb1/fixtures")).toURI());
    try (var files = Files.list(folder)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrderElementsOf(listed);
    }
  }

  @TestFactory
  List<DynamicTest> shouldDecodeAsExpected() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonNode fixture : index().get("fixtures")) {
      String file = fixture.get("file").asText();
      tests.add(DynamicTest.dynamicTest(file, () -> check(fixture, fixture(file))));
    }
    assertThat(tests).hasSizeGreaterThan(75);
    return tests;
  }

  private static void check(JsonNode fixture, byte[] bytes) {
    String expected = fixture.get("expected").asText();
    try (Arena arena = Arena.ofConfined()) {
      if (expected.startsWith("OK")) {
        // On the heap and off it.
        checkEntries(fixture, new BatchCodec().decode(MemorySegment.ofArray(bytes), arena));
        checkEntries(
            fixture,
            new BatchCodec().decode(arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes), arena));
      } else {
        assertThat(expected).contains("REJECT");
        BoundedAllocator bounded = new BoundedAllocator(arena, 255L * bytes.length);
        assertThatThrownBy(() -> new BatchCodec().decode(MemorySegment.ofArray(bytes), bounded))
            .isInstanceOfSatisfying(
                BatchFormatException.class,
                e -> assertThat(e.check()).isIn(checksFor(fixture.get("file").asText())));
        if (!fixture.get("file").asText().matches("(body|key|data|hdr_count_plus).*")) {
          assertThat(bounded.allocatedBytes()).isZero();
        }
      }
    }
  }

  private static void checkEntries(JsonNode fixture, Batch batch) {
    assertThat(batch.count()).isEqualTo(fixture.get("entries").size());
    int i = 0;
    for (BatchEntry entry : batch) {
      JsonNode expected = fixture.get("entries").get(i++);
      byte[] key = entry.key().toArray(ValueLayout.JAVA_BYTE);
      assertThat(HexFormat.of().formatHex(key)).isEqualTo(expected.get("key_utf8_hex").asText());
      assertThat(entry.data().byteSize()).isEqualTo(expected.get("len").asLong());
      assertThat(String.format("%08x", BatchCodec.crc32c(entry.data())))
          .isEqualTo(expected.get("crc32c").asText());
    }
    assertThat(i).isEqualTo(fixture.get("entries").size());
  }

  private static Set<Check> checksFor(String file) {
    if (file.startsWith("bad_magic")) {
      return Set.of(Check.MAGIC);
    } else if (file.startsWith("bad_version")) {
      return Set.of(Check.VERSION);
    } else if (file.startsWith("bad_trunc_v2")) {
      return Set.of(Check.LENGTH, Check.CHECKSUM);
    } else if (file.startsWith("bad_trunc_v1")) {
      return Set.of(Check.LENGTH, Check.COMPRESSION, Check.SIZE_BOUND);
    } else if (file.startsWith("bad_v2_header_only")) {
      return Set.of(Check.LENGTH);
    } else if (file.startsWith("bad_v2_sizeprefix_only") || file.startsWith("lz4_")) {
      return Set.of(Check.COMPRESSION);
    } else if (file.startsWith("trail_")) {
      return Set.of(Check.COMPRESSION);
    } else if (file.startsWith("bad_crc") || file.startsWith("bad_flip")) {
      return Set.of(Check.CHECKSUM);
    } else if (file.equals("hdr_count_max.lcb1") || file.equals("body_empty_count1.lcb1")) {
      return Set.of(Check.COUNT_BOUND);
    } else if (file.startsWith("hdr_usize")) {
      return Set.of(Check.SIZE_MISMATCH);
    } else if (file.startsWith("pfx_")) {
      return Set.of(Check.SIZE_BOUND);
    } else {
      return Set.of(Check.ENTRY_TRUNCATED, Check.COUNT_BOUND);
    }
  }

  @Test
  void shouldWriteWhatLaminarDbWrites() throws IOException {
    for (JsonNode fixture : index().get("fixtures")) {
      String file = fixture.get("file").asText();
      boolean literalsOnly = file.equals("ok_v2_empty_seedenc.lcb1");
      boolean liblz4 = Lz4Block.isNative() && file.matches("ok_v2_.*_fast.lcb1");
      if (!literalsOnly && !liblz4) {
        continue;
      }
      byte[] bytes = fixture(file);
      try (Arena arena = Arena.ofConfined();
          BatchEncoder encoder = new BatchCodec().newEncoder()) {
        for (BatchEntry entry : new BatchCodec().decode(MemorySegment.ofArray(bytes), arena)) {
          encoder.add(entry.key(), entry.data());
        }
        assertThat(encoder.encode().toArray(ValueLayout.JAVA_BYTE)).as(file).isEqualTo(bytes);
      }
    }
  }
}
