package io.ashlar.cli.file;

import io.ashlar.store.BlobId;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The name of a file in a store: a relative path with {@code /} between its parts. It can never
 * lead out of the folder that it is written to.
 *
 * <p>A name is 1 to {@value #BYTES_MAX} bytes of strict UTF-8. Each part has 1 to {@value
 * #PART_BYTES_MAX} bytes, is neither {@code .} nor {@code ..} and holds no NUL; so there is no
 * leading, trailing or doubled slash. Immutable; safe from any thread.
 *
 * @param text the name.
 */
public record BlobName(String text) implements Comparable<BlobName> {

  /** The longest name, in bytes of UTF-8: what a path may have on Linux. */
  static final int BYTES_MAX = 4096;

  /** The longest part between slashes, in bytes of UTF-8: what a file name may have on Linux. */
  static final int PART_BYTES_MAX = 255;

  /**
   * Checks the rules above.
   *
   * @throws IllegalArgumentException if {@code text} breaks one.
   */
  public BlobName {
    int length = encode(text).length;
    if (length == 0 || length > BYTES_MAX) {
      throw refused(text, "it must have 1 to " + BYTES_MAX + " bytes, and has " + length);
    }
    if (text.indexOf('\0') >= 0) {
      throw refused(text, "it holds a NUL");
    }
    if (text.startsWith("/")) {
      throw refused(text, "it is absolute");
    }
    for (String part : text.split("/", -1)) {
      checkPart(text, part);
    }
  }

  private static void checkPart(String text, String part) {
    if (part.isEmpty()) {
      throw refused(text, "it has an empty part");
    }
    if (part.equals(".") || part.equals("..")) {
      throw refused(text, "it has the part '" + part + "', which leads elsewhere");
    }
    if (encode(part).length > PART_BYTES_MAX) {
      throw refused(text, "it has a part of more than " + PART_BYTES_MAX + " bytes");
    }
  }

  /**
   * Decodes a name.
   *
   * @param utf8 all of its remaining bytes; consumed.
   * @throws IllegalArgumentException if they are not strict UTF-8, or break a rule of names.
   */
  static BlobName decode(ByteBuffer utf8) {
    try {
      return new BlobName(StandardCharsets.UTF_8.newDecoder().decode(utf8).toString());
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("name refused: it is not UTF-8; give another name", e);
    }
  }

  /**
   * Returns the name of a relative path of the file system.
   *
   * @throws IllegalArgumentException if its bytes are not UTF-8, or it breaks a rule of names.
   */
  static BlobName of(Path relative) {
    String text = relative.toString();
    // A path keeps its bytes; its text replaces those that are no character, and differs then.
    if (!relative.getFileSystem().getPath(text).equals(relative)) {
      throw refused(text, "it is not UTF-8");
    }
    return new BlobName(text);
  }

  /** Returns the id under which the file is stored: the first 128 bits of the name's SHA-256. */
  public BlobId id() {
    byte[] digest = sha256().digest(utf8());
    byte[] head = new byte[BlobId.BYTES];
    System.arraycopy(digest, 0, head, 0, head.length);
    return BlobId.of(head);
  }

  /** Returns the name as strict UTF-8. */
  byte[] utf8() {
    return encode(text);
  }

  /** Returns the last part: the file's own name. */
  public String lastPart() {
    return text.substring(text.lastIndexOf('/') + 1);
  }

  /** Returns whether this name lies below {@code folder}, or is it. */
  public boolean isBelow(BlobName folder) {
    return text.equals(folder.text) || text.startsWith(folder.text + "/");
  }

  /** Orders names by their UTF-16 text. */
  @Override
  public int compareTo(BlobName other) {
    return text.compareTo(other.text);
  }

  /** Returns the name with control characters escaped, so that it cannot act on a terminal. */
  @Override
  public String toString() {
    return printable(text);
  }

  /**
   * Returns {@code text} with each backslash doubled, and each control character and unpaired
   * surrogate as a backslash, {@code u} and four hexadecimal digits: one line whatever it holds.
   */
  public static String printable(String text) {
    StringBuilder line = new StringBuilder(text.length());
    text.codePoints()
        .forEach(point -> {
          int type = Character.getType(point);
          if (point == '\\') {
            line.append("\\\\");
          } else if (type == Character.CONTROL
              || type == Character.FORMAT
              || type == Character.SURROGATE
              || type == Character.LINE_SEPARATOR
              || type == Character.PARAGRAPH_SEPARATOR) {
            line.append(String.format("\\u%04x", point));
          } else {
            line.appendCodePoint(point);
          }
        });
    return line.toString();
  }

  /** Returns a new SHA-256, which every Java runtime has. */
  public static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this Java runtime has no SHA-256", e);
    }
  }

  private static byte[] encode(String text) {
    try {
      ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
      byte[] utf8 = new byte[bytes.remaining()];
      bytes.get(utf8);
      return utf8;
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(
          "name refused: it has an unpaired surrogate: name=" + printable(text), e);
    }
  }

  private static IllegalArgumentException refused(String text, String why) {
    String shown = text.length() <= 200 ? text : text.substring(0, 200) + "…";
    return new IllegalArgumentException(
        "name refused: " + why + ": name=" + printable(shown) + "; give a relative path");
  }
}
