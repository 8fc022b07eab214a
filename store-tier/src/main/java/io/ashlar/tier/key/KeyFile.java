package io.ashlar.tier.key;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads keys from a file, as the command line's {@code --key-file} does.
 *
 * <pre>
 * # the current key first, then older ones
 * 2:6f1c0b9d5f0e4c7a8b3d2e1f00112233445566778899aabbccddeeff01234567
 * 1:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=
 * </pre>
 *
 * <pre>{@code
 * Tier tier = Tier.builder(store, objects).keys(KeyFile.read(Path.of("/etc/ashlar.keys"))).open();
 * }</pre>
 *
 * <p>A line is a key's number, 0 to 4294967295, a colon, and the key. A key is 16, 24 or 32 bytes
 * as hexadecimal digits, or 32 bytes as Base64. Empty lines and lines that begin with {@code #} are
 * skipped. The first key encrypts new batches, the others only decrypt. Never use a number for a
 * second key.
 *
 * <p>Like {@code ssh} with private keys, it refuses a file of the process's own user that others
 * may read or write. A file of another user, such as a secret mounted into a container, is not
 * checked.
 *
 * <p>No message contains a part of a key.
 *
 * <p>Thread: any; there is no state.
 */
public final class KeyFile {
  private static final int BYTES_MAX = 64 << 10;
  private static final int KEY_BYTES_MAX = 32;
  private static final int BASE64_CHARS = 44;

  private static final Pattern LINE = Pattern.compile("([0-9]{1,10})\\s*:\\s*(\\S+)");
  private static final Set<PosixFilePermission> OTHERS =
      EnumSet.complementOf(
          EnumSet.of(
              PosixFilePermission.OWNER_READ,
              PosixFilePermission.OWNER_WRITE,
              PosixFilePermission.OWNER_EXECUTE));

  private KeyFile() {}

  /**
   * Reads a file of keys.
   *
   * @param file the file, at most 64 KiB.
   * @return its keys, the first one current.
   * @throws IOException if the file cannot be read, if others may read or write it, or if its
   *     content is not of this form.
   */
  public static FrameKeyRing read(Path file) throws IOException {
    checkMode(file);
    List<FrameKey> keys = new ArrayList<>();
    int number = 0;
    for (String line : text(file).split("\\R", -1)) {
      number++;
      String stripped = line.strip();
      if (!stripped.isEmpty() && !stripped.startsWith("#")) {
        keys.add(key(stripped, file, number));
      }
    }
    if (keys.isEmpty()) {
      throw new IOException("key file has no key: file=" + file + "; write number:key lines");
    }
    try {
      return new FrameKeyRing(keys.getFirst(), keys.subList(1, keys.size()));
    } catch (IllegalArgumentException e) {
      throw new IOException(
          "key file is not usable: file=" + file + ", reason=" + e.getMessage(), e);
    }
  }

  private static String text(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(BYTES_MAX + 1);
      if (bytes.length > BYTES_MAX) {
        throw new IOException(
            "key file is too long: file=" + file + ", max=" + BYTES_MAX + "; give a file of keys");
      }
      return new String(bytes, StandardCharsets.ISO_8859_1);
    }
  }

  private static FrameKey key(String line, Path file, int number) throws IOException {
    Matcher matcher = LINE.matcher(line);
    byte[] bytes = matcher.matches() ? bytes(matcher.group(2)) : null;
    if (bytes != null) {
      try {
        return FrameKey.of(Integer.parseUnsignedInt(matcher.group(1)), bytes);
      } catch (IllegalArgumentException notANumberOrLength) {
        // Said below, without a part of the line.
      }
    }
    throw new IOException(
        "key file has a line that is no key: file="
            + file
            + ", line="
            + number
            + "; write number:key, the key as 64 hexadecimal digits or Base64 of 32 bytes");
  }

  /** The key of a text; by its length it can only be one of the two forms. */
  private static byte @Nullable [] bytes(String text) {
    try {
      if (text.length() == BASE64_CHARS) {
        return Base64.getDecoder().decode(text);
      }
      return text.length() <= 2 * KEY_BYTES_MAX ? HexFormat.of().parseHex(text) : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private static void checkMode(Path file) throws IOException {
    Set<PosixFilePermission> mode;
    try {
      if (!Files.getAttribute(file, "unix:uid")
          .equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
        return;
      }
      mode = Files.getPosixFilePermissions(file);
    } catch (UnsupportedOperationException noSuchModes) {
      return;
    }
    if (mode.stream().anyMatch(OTHERS::contains)) {
      throw new IOException(
          "key file may be read or written by others: file=" + file + "; do: chmod 600 " + file);
    }
  }
}
