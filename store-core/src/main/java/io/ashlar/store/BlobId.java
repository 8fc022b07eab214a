package io.ashlar.store;

import java.util.HexFormat;
import java.util.Objects;
import java.util.SplittableRandom;

/**
 * The 128-bit name of a blob, chosen by the caller: a page number, a UUID, the head of a hash.
 *
 * <p>Any pair of longs is a valid id, zero included. Immutable; safe from any thread.
 *
 * @param high the upper 64 bits.
 * @param low the lower 64 bits.
 */
public record BlobId(long high, long low) implements Comparable<BlobId> {

  /** The bytes of an id. */
  public static final int BYTES = 16;

  /**
   * Reads an id from 16 big-endian bytes, the order in which {@link #toString} prints them.
   *
   * @param bytes 16 big-endian bytes.
   * @return the id.
   * @throws IllegalArgumentException if {@code bytes} is not 16 long.
   */
  public static BlobId of(byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException("a blob id has 16 bytes: length=" + bytes.length);
    }
    long high = 0;
    long low = 0;
    for (int i = 0; i < 8; i++) {
      high = high << 8 | (bytes[i] & 0xff);
      low = low << 8 | (bytes[i + 8] & 0xff);
    }
    return new BlobId(high, low);
  }

  /**
   * Parses what {@link #toString} prints: 32 hexadecimal digits, upper or lower case.
   *
   * @param hex 32 hexadecimal digits.
   * @return the id.
   * @throws IllegalArgumentException if {@code hex} is anything else.
   */
  public static BlobId parse(String hex) {
    Objects.requireNonNull(hex, "hex");
    if (hex.length() != 32) {
      throw new IllegalArgumentException("a blob id has 32 hexadecimal digits: text=" + hex);
    }
    try {
      return new BlobId(
          Long.parseUnsignedLong(hex, 0, 16, 16), Long.parseUnsignedLong(hex, 16, 32, 16));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("a blob id has 32 hexadecimal digits: text=" + hex, e);
    }
  }

  /**
   * {@return an id drawn from {@code random}, for tests and benchmarks that must repeat}
   *
   * @param random the source of random bits.
   */
  public static BlobId random(SplittableRandom random) {
    return new BlobId(random.nextLong(), random.nextLong());
  }

  /** {@return the 16 big-endian bytes of this id} */
  public byte[] toBytes() {
    byte[] bytes = new byte[BYTES];
    for (int i = 0; i < 8; i++) {
      bytes[i] = (byte) (high >>> (56 - 8 * i));
      bytes[i + 8] = (byte) (low >>> (56 - 8 * i));
    }
    return bytes;
  }

  /** Orders ids as unsigned 128-bit numbers, the order of their text. */
  @Override
  public int compareTo(BlobId other) {
    int order = Long.compareUnsigned(high, other.high);
    return order != 0 ? order : Long.compareUnsigned(low, other.low);
  }

  /** Returns 32 lower-case hexadecimal digits. */
  @Override
  public String toString() {
    return toText(high, low);
  }

  /**
   * {@return the text of the id made of these halves, for messages that hold no {@link BlobId}}
   *
   * @param high the upper 64 bits of the id.
   * @param low the lower 64 bits of the id.
   */
  public static String toText(long high, long low) {
    HexFormat hex = HexFormat.of();
    return hex.toHexDigits(high) + hex.toHexDigits(low);
  }
}
