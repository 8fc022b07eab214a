package io.ashlar.store.format;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/**
 * Bytes as text in {@code src/test/resources}: one line for each 16 bytes that are not all zero,
 * {@code offset: hex}, after a line {@code length: bytes}. The fixtures of old versions stay for
 * good.
 */
final class HexFixture {

  private static final int LINE_BYTES = 16;

  private HexFixture() {}

  /** Reads a fixture. */
  static byte[] read(String name) throws IOException {
    try (InputStream stream = HexFixture.class.getResourceAsStream(name)) {
      if (stream == null) {
        throw new IOException("no such fixture: name=" + name);
      }
      return parse(new String(stream.readAllBytes(), StandardCharsets.US_ASCII));
    }
  }

  private static byte[] parse(String text) {
    Map<Integer, String> lines = new TreeMap<>();
    int length = -1;
    for (String line : text.lines().toList()) {
      int colon = line.indexOf(": ");
      String key = line.substring(0, colon);
      if (key.equals("length")) {
        length = Integer.parseInt(line, colon + 2, line.length(), 10);
      } else {
        lines.put(Integer.parseInt(key, 16), line.substring(colon + 2));
      }
    }
    byte[] bytes = new byte[length];
    lines.forEach((offset, hex) -> {
      byte[] part = HexFormat.of().parseHex(hex);
      System.arraycopy(part, 0, bytes, offset, part.length);
    });
    return bytes;
  }

  /** Returns the text of a fixture. */
  static String format(byte[] bytes) {
    StringBuilder text = new StringBuilder("length: " + bytes.length + "\n");
    for (int offset = 0; offset < bytes.length; offset += LINE_BYTES) {
      int end = Math.min(bytes.length, offset + LINE_BYTES);
      boolean zero = true;
      for (int i = offset; i < end; i++) {
        zero &= bytes[i] == 0;
      }
      if (!zero) {
        text.append("%04x: ".formatted(offset))
            .append(HexFormat.of().formatHex(bytes, offset, end))
            .append('\n');
      }
    }
    return text.toString();
  }
}
