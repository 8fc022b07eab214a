package io.ashlar.tier.object;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The rules for object keys, in one place for every store.
 *
 * <p>A key is one or more components separated by single {@code '/'}: no leading, trailing or
 * doubled slash; no component {@code "."} or {@code ".."}; no control character (NUL among them),
 * no backslash (a separator elsewhere), no unpaired surrogate; a component is at most {@value
 * #COMPONENT_BYTES_MAX} bytes of UTF-8 and the key at most {@value #KEY_BYTES_MAX}. The first
 * component {@value #RESERVED} is the directory store's own. So a key joined to a root stays below
 * that root in every store.
 *
 * <p>A <em>prefix</em> follows the same rules but may be empty, end with {@code '/'} or stop inside
 * a component.
 *
 * <p>Keys sort by their UTF-8 bytes, unsigned, as S3 lists them. Thread: any; there is no state.
 */
public final class ObjectKey {
  /** Most bytes of UTF-8 in a key, the root of the store included. */
  public static final int KEY_BYTES_MAX = 1024;

  /** Most bytes of UTF-8 in one component. */
  public static final int COMPONENT_BYTES_MAX = 255;

  /** The first component that no key may have. */
  public static final String RESERVED = ".ashlar";

  private static final int SHOWN_CHARS_MAX = 120;

  private ObjectKey() {}

  /**
   * Checks a key.
   *
   * @param key the key.
   * @return {@code key} itself.
   * @throws ObjectKeyException if it breaks a rule; the message names the rule and the key.
   */
  public static String check(String key) {
    if (key.isEmpty()) {
      throw new ObjectKeyException("it is empty", shown(key));
    }
    checkComponents(key, false);
    return key;
  }

  /**
   * Checks a list prefix.
   *
   * @param prefix the prefix.
   * @return {@code prefix} itself.
   * @throws ObjectKeyException if it breaks a rule.
   */
  public static String checkPrefix(String prefix) {
    if (!prefix.isEmpty()) {
      checkComponents(prefix, true);
    }
    return prefix;
  }

  /**
   * Compares two keys as stores list them: by the unsigned bytes of their UTF-8 form.
   *
   * @param left a key.
   * @param right another.
   * @return below 0, 0 or above 0, as {@link Comparable} has it.
   */
  public static int compare(String left, String right) {
    return Arrays.compareUnsigned(
        left.getBytes(StandardCharsets.UTF_8), right.getBytes(StandardCharsets.UTF_8));
  }

  private static void checkComponents(String key, boolean prefix) {
    // Before any work per character, so that a hostile length costs nothing.
    if (key.length() > KEY_BYTES_MAX || utf8Bytes(key, key) > KEY_BYTES_MAX) {
      throw new ObjectKeyException("it is longer than " + KEY_BYTES_MAX + " bytes", shown(key));
    }
    for (int i = 0; i < key.length(); i++) {
      char c = key.charAt(i);
      if (c < 0x20 || c == 0x7f) {
        throw new ObjectKeyException("it has a control character at " + i, shown(key));
      }
      if (c == '\\') {
        throw new ObjectKeyException("it has a backslash at " + i, shown(key));
      }
    }
    if (key.charAt(0) == '/') {
      throw new ObjectKeyException("it is absolute", shown(key));
    }
    int start = 0;
    while (start <= key.length()) {
      int slash = key.indexOf('/', start);
      boolean last = slash < 0;
      String component = key.substring(start, last ? key.length() : slash);
      checkComponent(key, component, start == 0, last, prefix);
      start = last ? key.length() + 1 : slash + 1;
    }
  }

  private static void checkComponent(
      String key, String component, boolean first, boolean last, boolean prefix) {
    if (component.isEmpty() && !(last && prefix)) {
      throw new ObjectKeyException(
          last ? "it ends with a slash" : "it has an empty component", shown(key));
    }
    if (component.equals(".") || component.equals("..")) {
      throw new ObjectKeyException("it has a component \"" + component + "\"", shown(key));
    }
    if (first && component.equals(RESERVED)) {
      throw new ObjectKeyException("its first component " + RESERVED + " is reserved", shown(key));
    }
    if (utf8Bytes(component, key) > COMPONENT_BYTES_MAX) {
      throw new ObjectKeyException(
          "it has a component longer than " + COMPONENT_BYTES_MAX + " bytes", shown(key));
    }
  }

  private static int utf8Bytes(String text, String key) {
    try {
      ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
      return bytes.remaining();
    } catch (CharacterCodingException unpaired) {
      throw new ObjectKeyException("it is not Unicode text (unpaired surrogate)", shown(key));
    }
  }

  /**
   * {@return the key in printable ASCII, quoted and cut, fit for a message or a terminal}
   *
   * @param key any text.
   */
  public static String shown(String key) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < Math.min(key.length(), SHOWN_CHARS_MAX); i++) {
      char c = key.charAt(i);
      if (c < 0x20 || c >= 0x7f || c == '\\') {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
    if (key.length() > SHOWN_CHARS_MAX) {
      out.append("… (").append(key.length()).append(" characters)");
    }
    return out.toString();
  }
}
