package io.ashlar.tier.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyFileTest {
  private static final String HEX =
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
  private static final String BASE64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
  private static final byte[] BYTES = new byte[32];

  static {
    for (int i = 0; i < BYTES.length; i++) {
      BYTES[i] = (byte) i;
    }
  }

  @TempDir Path folder;

  private Path file(String text, String mode) throws IOException {
    Path file = folder.resolve("keys");
    Files.write(file, text.getBytes(StandardCharsets.UTF_8));
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
  }

  private static int check(FrameKeys keys, int id) {
    return Objects.requireNonNull(keys.find(id)).check();
  }

  @Test
  void shouldReadKeysTheCurrentOneFirst() throws IOException {
    Path file =
        file(
            "# keys\n\n 4294967295 : "
                + HEX
                + "\r\n7:"
                + BASE64
                + "\n  # older\n1:"
                + HEX.substring(0, 32)
                + "\n2:"
                + HEX.substring(0, 48).toUpperCase(java.util.Locale.ROOT),
            "r--------");
    FrameKeyRing keys = KeyFile.read(file);
    assertThat(keys.current().id()).isEqualTo(-1);
    int expected = FrameKey.of(0, BYTES).check();
    assertThat(check(keys, -1)).isEqualTo(expected);
    assertThat(check(keys, 7)).isEqualTo(expected);
    assertThat(check(keys, 1))
        .isEqualTo(FrameKey.of(0, java.util.Arrays.copyOf(BYTES, 16)).check());
    assertThat(check(keys, 2))
        .isEqualTo(FrameKey.of(0, java.util.Arrays.copyOf(BYTES, 24)).check());
    assertThat(keys.toString()).startsWith("keys 4294967295, ").doesNotContain(HEX);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "# nothing\n",
        HEX,
        "1=" + HEX,
        ":" + HEX,
        "-1:" + HEX,
        "4294967296:" + HEX,
        "1:" + HEX + "0",
        "1:" + HEX + " x",
        "1:00" + HEX,
        "1:0",
        "1:zz" + "00010203040506070809",
        "1:!" + "AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
        "1:" + HEX + "\n1:" + BASE64
      })
  void shouldRefuseWhatIsNoListOfKeysAndTellNoneOfIt(String text) throws IOException {
    Path file = file(text, "rw-------");
    assertThatThrownBy(() -> KeyFile.read(file))
        .isExactlyInstanceOf(IOException.class)
        .hasMessageStartingWith("key file ")
        .hasMessageContaining("file=" + file)
        .message()
        .doesNotContain("0102")
        .doesNotContain("ECAw");
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-r-----", "rw-----w-", "rw----r--", "rwx--x---", "rw--w----"})
  void shouldRefuseAFileThatOthersMayReadOrWriteAndSayTheWayOut(String mode) throws IOException {
    Path file = file("1:" + HEX, mode);
    assertThatThrownBy(() -> KeyFile.read(file))
        .isExactlyInstanceOf(IOException.class)
        .hasMessageContaining("others")
        .hasMessageContaining("chmod 600 " + file);
    assertThat(KeyFile.read(file("1:" + HEX, "rw-------")).current().id()).isEqualTo(1);
  }

  @Test
  void shouldRefuseAFileThatIsTooLongOrNotThere() throws IOException {
    Path file = file("#".repeat(65_537), "rw-------");
    assertThatThrownBy(() -> KeyFile.read(file)).hasMessageContaining("too long");
    assertThatThrownBy(() -> KeyFile.read(folder.resolve("none")))
        .isInstanceOf(NoSuchFileException.class);
  }
}
