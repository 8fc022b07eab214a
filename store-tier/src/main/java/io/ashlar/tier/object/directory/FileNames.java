package io.ashlar.tier.object.directory;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * How the directory store spells one component of a key as a file name. Printable ASCII stays.
 * {@code '%'} and every byte of UTF-8 above 0x7f become {@code %XX}. Names are then the same under
 * every locale; a JVM in the C locale cannot spell others at all.
 */
final class FileNames {
  private static final HexFormat HEX = HexFormat.of().withUpperCase();

  private FileNames() {}

  static String encode(String component) {
    StringBuilder out = new StringBuilder(component.length());
    for (byte b : component.getBytes(StandardCharsets.UTF_8)) {
      if (b < 0 || b == '%') {
        out.append('%').append(HEX.toHexDigits(b));
      } else {
        out.append((char) b);
      }
    }
    return out.toString();
  }

  /** The component that {@link #encode} spells so, or null if there is none. */
  static @Nullable String decode(String name) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(name.length());
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c != '%') {
        bytes.write(c);
      } else if (i + 2 < name.length()
          && HexFormat.isHexDigit(name.charAt(i + 1))
          && HexFormat.isHexDigit(name.charAt(i + 2))) {
        bytes.write(HexFormat.fromHexDigits(name, i + 1, i + 3));
        i += 2;
      } else {
        return null;
      }
    }
    try {
      String component =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(bytes.toByteArray()))
              .toString();
      return encode(component).equals(name) ? component : null;
    } catch (CharacterCodingException notOurs) {
      return null;
    }
  }
}
