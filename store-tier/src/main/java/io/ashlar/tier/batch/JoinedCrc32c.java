package io.ashlar.tier.batch;

/**
 * The CRC-32C of two pieces in a row, from the CRC-32C of each: neither has to be read again.
 *
 * <p>A CRC is linear. Appending {@code n} bytes multiplies the first piece's CRC by x to the power
 * of {@code 8 n}, modulo the polynomial. The square of squares gives that power in as many steps as
 * {@code n} has bits (Mark Adler's {@code crc32_combine} in zlib).
 *
 * <p>Thread: any; there is no state.
 */
final class JoinedCrc32c {
  /** The Castagnoli polynomial without its highest term, lowest power in the highest bit. */
  private static final int POLYNOMIAL = 0x82F6_3B78;

  /** The polynomial 1. */
  private static final int ONE = 1 << 31;

  /** x to the power of 2 to the power of the index. */
  private static final int[] POWERS = powers();

  private JoinedCrc32c() {}

  private static int[] powers() {
    int[] powers = new int[Long.SIZE];
    powers[0] = ONE >>> 1;
    for (int i = 1; i < powers.length; i++) {
      powers[i] = product(powers[i - 1], powers[i - 1]);
    }
    return powers;
  }

  /** Multiplies two polynomials, modulo {@link #POLYNOMIAL}. */
  private static int product(int a, int b) {
    int product = 0;
    int factor = b;
    for (int bit = ONE; bit != 0; bit >>>= 1) {
      if ((a & bit) != 0) {
        product ^= factor;
      }
      factor = (factor & 1) == 0 ? factor >>> 1 : factor >>> 1 ^ POLYNOMIAL;
    }
    return product;
  }

  /**
   * Joins two checksums.
   *
   * @param first CRC-32C of the first piece.
   * @param second CRC-32C of the second piece.
   * @param secondBytes length of the second piece, 0 to 2⁶⁰.
   * @return CRC-32C of both in a row.
   */
  static int join(int first, int second, long secondBytes) {
    int power = ONE;
    long bits = secondBytes * Byte.SIZE;
    for (int i = 0; bits != 0; i++, bits >>>= 1) {
      if ((bits & 1) != 0) {
        power = product(POWERS[i], power);
      }
    }
    return product(power, first) ^ second;
  }
}
