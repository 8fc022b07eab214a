package io.ashlar.tier.json;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/**
 * The seal of the tier's small JSON objects: a last field with the checksum of every byte before
 * it. This is its specification.
 *
 * <pre>{@code
 * {"version":3, …                                    body, any length of 2 or more
 *                ,"crc32c":"9a71bb4c"}               seal, 21 bytes, exactly these
 * }</pre>
 *
 * <p>The eight lower-case hexadecimal digits are the CRC-32C of the body: all bytes from the
 * opening brace to the one before the comma. It covers the bytes, not their meaning: reformatting
 * an object breaks its seal.
 *
 * <p><b>Reading.</b> Bytes that end like a seal, but for its digits and one byte more at most, must
 * have the right one. Bytes that do not are not sealed; whether they may be follows from the
 * version in the body, which each codec knows: of a version that is always sealed, they are
 * damaged. So a changed byte is found wherever it is: in the body by the checksum, in the seal by
 * the comparison. The seal is looked at before anything is parsed.
 *
 * <p>Thread: any; there is no state.
 */
public final class SealedJson {
  /** What {@link ManifestFormatException#expected} says where no checksum can be read. */
  static final long UNKNOWN = -1;

  private static final byte[] HEAD = ",\"crc32c\":\"".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] TAIL = "\"}".getBytes(StandardCharsets.US_ASCII);
  private static final int DIGITS = 2 * Integer.BYTES;
  private static final int SEAL_BYTES = HEAD.length + DIGITS + TAIL.length;

  /** Length of the shortest sealed object. */
  public static final int BYTES_MIN = SEAL_BYTES + 2;

  private SealedJson() {}

  /**
   * Seals an object.
   *
   * @param json an object with at least one field, and nothing after its closing brace.
   * @return it with the seal as its last field.
   */
  public static byte[] seal(byte[] json) {
    int bodyBytes = json.length - 1;
    byte[] sealed = Arrays.copyOf(json, bodyBytes + SEAL_BYTES);
    byte[] digits = digits(crc32c(json, bodyBytes));
    System.arraycopy(HEAD, 0, sealed, bodyBytes, HEAD.length);
    System.arraycopy(digits, 0, sealed, bodyBytes + HEAD.length, DIGITS);
    System.arraycopy(TAIL, 0, sealed, bodyBytes + HEAD.length + DIGITS, TAIL.length);
    return sealed;
  }

  /**
   * Verifies the seal, if there is one.
   *
   * @return whether there is one.
   * @throws ManifestFormatException if it is not that of the body, with the checksum that it says
   *     as expected and the body's as actual.
   */
  public static boolean verify(byte[] json) {
    int bodyBytes = json.length - SEAL_BYTES;
    if (bodyBytes < 2) {
      return false;
    }
    int digitsStart = bodyBytes + HEAD.length;
    int wrong = differing(json, bodyBytes, HEAD) + differing(json, json.length - TAIL.length, TAIL);
    if (wrong > 1) {
      return false;
    }
    int crc = crc32c(json, bodyBytes);
    if (wrong > 0 || differing(json, digitsStart, digits(crc)) > 0) {
      throw new ManifestFormatException(
          wrong > 0 ? "seal is damaged" : "checksum mismatch",
          stated(json, digitsStart),
          Integer.toUnsignedLong(crc));
    }
    return true;
  }

  private static int differing(byte[] json, int start, byte[] right) {
    int count = 0;
    for (int i = 0; i < right.length; i++) {
      count += json[start + i] == right[i] ? 0 : 1;
    }
    return count;
  }

  /** What is thrown for an object that must be sealed and is not. */
  public static ManifestFormatException missing(byte[] json) {
    return new ManifestFormatException(
        "checksum is missing", UNKNOWN, Integer.toUnsignedLong(crc32c(json, json.length)));
  }

  private static long stated(byte[] json, int digitsStart) {
    try {
      return HexFormat.fromHexDigitsToLong(
          new String(json, digitsStart, DIGITS, StandardCharsets.ISO_8859_1));
    } catch (NumberFormatException notDigits) {
      return UNKNOWN;
    }
  }

  private static int crc32c(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }

  private static byte[] digits(int crc) {
    return HexFormat.of().toHexDigits(crc).getBytes(StandardCharsets.US_ASCII);
  }
}
