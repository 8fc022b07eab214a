package io.ashlar.store.format;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** CRC-32C (Castagnoli) of native memory; the check value of "123456789" is 0xE3069283. */
public final class Checksum {

  // A class of the JDK's: a thread that outlives the store keeps no class loader by it.
  private static final ThreadLocal<CRC32C> THREAD_CRC = ThreadLocal.withInitial(CRC32C::new);

  private Checksum() {}

  /** Returns the CRC-32C of a whole segment of native memory or of a byte array. */
  public static int crc32c(MemorySegment bytes) {
    CRC32C crc = THREAD_CRC.get();
    crc.reset();
    update(crc, bytes);
    return (int) crc.getValue();
  }

  /** Returns the CRC-32C of {@code first} followed by {@code second}. */
  public static int crc32c(MemorySegment first, MemorySegment second) {
    CRC32C crc = THREAD_CRC.get();
    crc.reset();
    update(crc, first);
    update(crc, second);
    return (int) crc.getValue();
  }

  /**
   * Adds {@code length} bytes of a buffer from {@code offset} on to a running checksum; allocates
   * nothing. The buffer's position and limit are changed.
   */
  public static void update(CRC32C crc, ByteBuffer bytes, int offset, int length) {
    crc.update(bytes.clear().limit(offset + length).position(offset));
  }

  /** Adds a segment of native memory, or of a byte array, to a running checksum. */
  public static void update(CRC32C crc, MemorySegment bytes) {
    if (bytes.byteSize() > 0) {
      crc.update(bytes.asByteBuffer());
    }
  }
}
