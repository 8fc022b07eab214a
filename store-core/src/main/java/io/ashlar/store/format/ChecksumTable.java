package io.ashlar.store.format;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The checksum table of a long blob: the CRC-32C of each 64 KiB of it; the last piece may be
 * shorter. With it a part can be read and verified without the rest.
 *
 * <pre>
 *   extent of a blob with a table
 *     0                      the blob, zero-padded to whole blocks
 *     roundUp(length)        4 bytes, little-endian, for each 64 KiB; zero-padded to whole blocks
 * </pre>
 *
 * <p><b>Valid</b> is a table whose checksums, folded together for the lengths of their parts, are
 * the CRC-32C of the whole blob, which the entry has: so the entry's checksum covers the table too,
 * and means the same with a table as without one. Folding is Mark Adler's {@code crc32_combine}
 * (zlib) with Castagnoli's polynomial. <b>Written</b> with the blob, under rule L17. Whether a blob
 * has a table is a flag of its put and of its entry in an index checkpoint.
 *
 * <p>Thread: stateless.
 */
public final class ChecksumTable {

  /** A blob of this many bytes or more is written with a table. */
  public static final long LENGTH_MIN = 1 << 20;

  /** The bytes that one checksum covers. */
  public static final int CHUNK_BYTES = 1 << 16;

  private static final int CHUNK_SHIFT = 16;
  private static final int POLYNOMIAL = 0x82F6_3B78; // Castagnoli's, reflected
  private static final int ONE = 1 << 31; // x^0, reflected
  private static final int CHUNK_FACTOR = factor(CHUNK_BYTES);

  private ChecksumTable() {}

  /** Returns whether a blob of {@code length} bytes is written with a table. */
  public static boolean isFor(long length) {
    return length >= LENGTH_MIN;
  }

  /** Returns how many checksums the table of a blob of {@code length} bytes has. */
  public static int chunks(long length) {
    return (int) ((length + CHUNK_BYTES - 1) >>> CHUNK_SHIFT);
  }

  /** Returns the blocks of the table of a blob of {@code length} bytes. */
  public static long blocks(long length) {
    return Blocks.count((long) chunks(length) * Integer.BYTES);
  }

  /** Returns the blocks of the extent of a blob, its table included if it has one. */
  public static long extentBlocks(long length, boolean table) {
    return Blocks.count(length) + (table ? blocks(length) : 0);
  }

  /** Returns the checksum of chunk {@code index}. */
  public static int crc32c(MemorySegment table, int index) {
    return LittleEndian.getInt(table, (long) index * Integer.BYTES);
  }

  /** Sets the checksum of chunk {@code index}. */
  public static void crc32c(MemorySegment table, int index, int crc32c) {
    LittleEndian.putInt(table, (long) index * Integer.BYTES, crc32c);
  }

  /**
   * Computes the checksum of a part of a blob that begins with a chunk, and sets the checksums of
   * its chunks.
   *
   * @param first the part's first chunk.
   * @param crc used for each.
   * @param bytes holds the part from {@code offset} on; its position and limit are changed.
   */
  public static void fill(
      MemorySegment table, int first, CRC32C crc, ByteBuffer bytes, int offset, long length) {
    int index = first;
    for (long done = 0; done < length; done += CHUNK_BYTES) {
      crc.reset();
      Checksum.update(
          crc, bytes, (int) (offset + done), (int) Math.min(CHUNK_BYTES, length - done));
      crc32c(table, index++, (int) crc.getValue());
    }
  }

  /** Returns the CRC-32C of the whole blob that a table says: the table is valid if it is right. */
  public static int folded(MemorySegment table, long length) {
    int chunks = chunks(length);
    int crc = 0;
    for (int i = 0; i < chunks - 1; i++) {
      crc = multiply(CHUNK_FACTOR, crc) ^ crc32c(table, i);
    }
    if (chunks > 0) {
      long last = length - ((long) (chunks - 1) << CHUNK_SHIFT);
      crc = multiply(factor(last), crc) ^ crc32c(table, chunks - 1);
    }
    return crc;
  }

  /** Returns x^(8 * bytes), by which what comes before that many bytes is shifted. */
  private static int factor(long bytes) {
    int power = ONE >>> 1; // x^1
    int result = ONE;
    for (long bits = bytes << 3; bits != 0; bits >>>= 1) {
      if ((bits & 1) != 0) {
        result = multiply(power, result);
      }
      power = multiply(power, power);
    }
    return result;
  }

  /** Multiplies two polynomials modulo Castagnoli's, all reflected. */
  private static int multiply(int left, int right) {
    int product = 0;
    int shifted = right;
    for (int mask = ONE; mask != 0; mask >>>= 1) {
      if ((left & mask) != 0) {
        product ^= shifted;
      }
      shifted = (shifted & 1) != 0 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
    }
    return product;
  }
}
