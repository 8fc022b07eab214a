package io.ashlar.store.format;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Native memory whose parts are checksummed again and again without allocating anything.
 *
 * <p>Thread: one at a time. Memory: the segment's, which must outlive this.
 */
public final class ChecksumView {

  private final MemorySegment memory;
  private final ByteBuffer view;
  private final CRC32C crc = new CRC32C();

  /** Creates one over native memory of less than 2 GiB. */
  public ChecksumView(MemorySegment memory) {
    this.memory = memory;
    view = memory.asByteBuffer();
  }

  /** Returns the memory. */
  public MemorySegment memory() {
    return memory;
  }

  /** Returns the CRC-32C of bytes {@code [0, firstEnd)} followed by {@code [second, end)}. */
  int crc32c(int firstEnd, int second, int end) {
    return crc32c(0, firstEnd, second, end);
  }

  /** Does so where all three count from {@code from} on. */
  int crc32c(int from, int firstEnd, int second, int end) {
    crc.reset();
    Checksum.update(crc, view, from, firstEnd);
    Checksum.update(crc, view, from + second, end - second);
    return (int) crc.getValue();
  }
}
