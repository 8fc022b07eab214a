package io.ashlar.tier.object;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ObjectKeyTest {
  static Stream<String> badKeys() {
    return Stream.of(
        "",
        "/",
        "/etc/passwd",
        "..",
        "../up",
        "a/../b",
        "a/..",
        ".",
        "./a",
        "a/./b",
        "a//b",
        "a/",
        "//a",
        "nul\0byte",
        "line\nbreak",
        "delete\u007f",
        "back\\slash",
        "..\\..\\up",
        "lone\uD800surrogate",
        "\uDC00",
        ".ashlar",
        ".ashlar/temp/x",
        "x".repeat(ObjectKey.COMPONENT_BYTES_MAX + 1),
        "é".repeat(128),
        "d/".repeat(600) + "x",
        "k".repeat(10_000_000));
  }

  @ParameterizedTest
  @MethodSource("badKeys")
  void shouldRefuse(String key) {
    assertThatThrownBy(() -> ObjectKey.check(key))
        .isInstanceOf(ObjectKeyException.class)
        .hasMessageStartingWith("object key refused: it")
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(1000).doesNotContain("\n"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a",
        "a/b/c",
        "...",
        "a/..b",
        ".hidden",
        "a/.ashlar",
        "with space",
        "sign+=&?#%25",
        "ünïcode/\uD83D\uDE00",
        "manifests/00000000000000000001"
      })
  void shouldTake(String key) {
    assertThat(ObjectKey.check(key)).isEqualTo(key);
  }

  @Test
  void shouldTakePrefixesThatStopAnywhere() {
    assertThat(ObjectKey.checkPrefix("")).isEmpty();
    assertThat(ObjectKey.checkPrefix("a/")).isEqualTo("a/");
    assertThat(ObjectKey.checkPrefix("a/b")).isEqualTo("a/b");
    assertThatThrownBy(() -> ObjectKey.checkPrefix("/")).isInstanceOf(ObjectKeyException.class);
    assertThatThrownBy(() -> ObjectKey.checkPrefix("a//")).isInstanceOf(ObjectKeyException.class);
    assertThatThrownBy(() -> ObjectKey.checkPrefix("a/../")).isInstanceOf(ObjectKeyException.class);
    assertThatThrownBy(() -> ObjectKey.checkPrefix("..")).isInstanceOf(ObjectKeyException.class);
  }
}
