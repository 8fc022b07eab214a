package io.ashlar.cli.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class BlobNameTest {

  /** Names that must never be written below a folder. */
  static Stream<String> hostileNames() {
    return Stream.of(
        "",
        "/",
        "/etc/passwd",
        "..",
        "../x",
        "a/../../x",
        "a/..",
        ".",
        "./a",
        "a/./b",
        "a//b",
        "a/",
        "a\0b",
        "\uD800",
        "a/\uDC00b",
        "x".repeat(BlobName.PART_BYTES_MAX + 1),
        "é".repeat(128),
        "abcdefg/".repeat(BlobName.BYTES_MAX / 8) + "x");
  }

  @ParameterizedTest
  @MethodSource("hostileNames")
  void shouldRefuseNamesThatCouldLeaveTheirFolder(String text) {
    assertThatThrownBy(() -> new BlobName(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("name refused: ")
        .message()
        .doesNotContain("\0")
        .hasSizeLessThan(400);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a",
        "a/b",
        "...",
        "..a",
        "a..",
        ".hidden",
        "a b",
        "ü/Ω/漢字/🧱",
        "\\",
        "-rf",
        "a\nb"
      })
  void shouldTakeEveryOtherName(String text) {
    BlobName name = new BlobName(text);
    assertThat(BlobName.decode(ByteBuffer.wrap(name.utf8()))).isEqualTo(name);
  }

  @Test
  void shouldTakeTheLongestNameAndPart() {
    String part = "x".repeat(BlobName.PART_BYTES_MAX);
    assertThat(new BlobName(part).utf8()).hasSize(255);
    String longest = ("x".repeat(254) + "/").repeat(16) + "x".repeat(16);
    assertThat(new BlobName(longest).utf8()).hasSize(BlobName.BYTES_MAX);
  }

  @Test
  void shouldRefuseBytesThatAreNotUtf8() {
    byte[] overlongSlash = {'a', (byte) 0xc0, (byte) 0xaf};
    byte[] surrogate = {(byte) 0xed, (byte) 0xa0, (byte) 0x80};
    byte[] latin1 = "é".getBytes(StandardCharsets.ISO_8859_1);
    for (byte[] bytes : new byte[][] {overlongSlash, surrogate, latin1}) {
      assertThatThrownBy(() -> BlobName.decode(ByteBuffer.wrap(bytes)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("not UTF-8");
    }
  }

  @Test
  void shouldGiveTheFirst128BitsOfTheSha256AsId() {
    // The digest of "abc" is the standard's own example.
    assertThat(new BlobName("abc").id())
        .isEqualTo(BlobId.parse("ba7816bf8f01cfea414140de5dae2223"));
  }

  @Test
  void shouldKnowWhatLiesBelowIt() {
    BlobName folder = new BlobName("a/b");
    assertThat(new BlobName("a/b").isBelow(folder)).isTrue();
    assertThat(new BlobName("a/b/c").isBelow(folder)).isTrue();
    assertThat(new BlobName("a/bc").isBelow(folder)).isFalse();
    assertThat(new BlobName("a/b/c").lastPart()).isEqualTo("c");
  }

  @Test
  void shouldShowControlCharactersEscaped() {
    assertThat(new BlobName("a\n\u001b[2J\\\u202e\u009b").toString())
        .isEqualTo("a\\u000a\\u001b[2J\\\\\\u202e\\u009b");
  }
}
