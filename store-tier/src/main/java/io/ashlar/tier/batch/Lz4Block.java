package io.ashlar.tier.batch;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;

/**
 * LZ4 blocks between segments, by liblz4 where its library loads and by the checked Java port where
 * it does not; never by {@code sun.misc.Unsafe}, which a current JDK warns about, and never by the
 * unchecked "fast" decompressors.
 *
 * <p>A block is walked once, token by token, before anything is allocated for it. Then its exact
 * uncompressed length is known, and every match lies inside the output before it. The decompressor
 * cannot be surprised. The format is in liblz4's {@code doc/lz4_Block_format.md}.
 *
 * <p>Thread: any.
 */
final class Lz4Block {
  /** Most bytes that one block can be compressed from (liblz4's LZ4_MAX_INPUT_SIZE). */
  static final int INPUT_BYTES_MAX = 0x7E000000;

  /** No byte of a block gives more than this many bytes. */
  static final int RATIO_MAX = 255;

  private static final int RUN_MAX = 15;
  private static final int MATCH_MIN = 4;
  private static final ValueLayout.OfShort OFFSET =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final LZ4Factory FACTORY = factory();
  private static final LZ4Compressor COMPRESSOR = FACTORY.fastCompressor();
  private static final LZ4SafeDecompressor DECOMPRESSOR = FACTORY.safeDecompressor();

  private Lz4Block() {}

  private static LZ4Factory factory() {
    try {
      return LZ4Factory.nativeInstance();
    } catch (LinkageError | RuntimeException notLoadable) {
      return LZ4Factory.safeInstance();
    }
  }

  /** Whether liblz4 itself is used. */
  static boolean isNative() {
    return FACTORY.toString().contains("JNI");
  }

  /** Most bytes that compressing {@code length} bytes can give. */
  static int compressedBytesMax(int length) {
    return COMPRESSOR.maxCompressedLength(length);
  }

  /** Compresses all of {@code source} to the start of {@code target}; returns the bytes written. */
  static int compress(MemorySegment source, MemorySegment target) {
    return COMPRESSOR.compress(
        source.asByteBuffer(),
        0,
        (int) source.byteSize(),
        target.asByteBuffer(),
        0,
        (int) target.byteSize());
  }

  /**
   * Walks a block.
   *
   * @return the bytes it decompresses to, at most {@code limit}.
   * @throws BatchFormatException if it is broken or longer than {@code limit}.
   */
  static long decompressedBytes(MemorySegment block, long limit) {
    long end = block.byteSize();
    long in = 0;
    long out = 0;
    while (true) {
      if (in == end) {
        throw broken("it ends before a token", in);
      }
      int token = unsigned(block, in++);
      long literals = (long) token >>> 4;
      if (literals == RUN_MAX) {
        int more;
        do {
          if (in == end) {
            throw broken("it ends inside a literal length", in);
          }
          more = unsigned(block, in++);
          literals += more;
        } while (more == 255);
      }
      if (literals > end - in) {
        throw broken("literals reach beyond its end", in);
      }
      in += literals;
      out += literals;
      if (in == end) {
        return checkLimit(out, limit, in);
      }
      if (end - in < Short.BYTES) {
        throw broken("it ends inside a match offset", in);
      }
      int offset = Short.toUnsignedInt(block.get(OFFSET, in));
      if (offset == 0 || offset > out) {
        throw broken("a match offset of " + offset + " lies before its start", in);
      }
      in += Short.BYTES;
      long match = token & RUN_MAX;
      if (match == RUN_MAX) {
        int more;
        do {
          if (in == end) {
            throw broken("it ends inside a match length", in);
          }
          more = unsigned(block, in++);
          match += more;
        } while (more == 255);
      }
      out = checkLimit(out + match + MATCH_MIN, limit, in);
    }
  }

  /** Decompresses a walked block into {@code target}, which has exactly its uncompressed size. */
  static void decompress(MemorySegment block, MemorySegment target) {
    int written;
    try {
      written =
          DECOMPRESSOR.decompress(
              block.asByteBuffer(),
              0,
              (int) block.byteSize(),
              target.asByteBuffer(),
              0,
              (int) target.byteSize());
    } catch (LZ4Exception e) {
      throw broken(String.valueOf(e.getMessage()), block.byteSize());
    }
    if (written != target.byteSize()) {
      throw broken("it gives " + written + " bytes instead of " + target.byteSize(), written);
    }
  }

  private static int unsigned(MemorySegment block, long offset) {
    return Byte.toUnsignedInt(block.get(ValueLayout.JAVA_BYTE, offset));
  }

  private static long checkLimit(long out, long limit, long in) {
    if (out > limit) {
      throw broken("it gives more than the claimed " + limit + " bytes", in);
    }
    return out;
  }

  private static BatchFormatException broken(String reason, long offset) {
    return new BatchFormatException(
        BatchFormatException.Check.COMPRESSION,
        "batch LZ4 block is broken: " + reason + ": offset=" + offset);
  }
}
