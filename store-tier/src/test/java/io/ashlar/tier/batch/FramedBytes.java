package io.ashlar.tier.batch;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32C;

/** Takes objects of version 3 apart and makes their checksums right again, by plain arrays. */
final class FramedBytes {
  private final byte[] head;
  private final byte[] rawIndex;
  private final byte[] footer;

  private FramedBytes(byte[] head, byte[] rawIndex, byte[] footer) {
    this.head = head;
    this.rawIndex = rawIndex;
    this.footer = footer;
  }

  /** Parts of a valid object. */
  static FramedBytes of(byte[] object) {
    ByteBuffer bytes = little(object);
    int footerAt = object.length - 64;
    int indexAt = (int) bytes.getLong(footerAt);
    byte[] raw = new byte[bytes.getInt(footerAt + 12)];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(raw.length);
      Lz4Block.decompress(
          MemorySegment.ofArray(object).asSlice(indexAt, bytes.getInt(footerAt + 8)), target);
      MemorySegment.copy(target, ValueLayout.JAVA_BYTE, 0, raw, 0, raw.length);
    }
    return new FramedBytes(
        Arrays.copyOf(object, indexAt), raw, Arrays.copyOfRange(object, footerAt, object.length));
  }

  byte[] rawIndex() {
    return rawIndex.clone();
  }

  FramedBytes withRawIndex(byte[] raw) {
    return new FramedBytes(head, raw, footer);
  }

  /** All in one, with lengths, offsets and checksums that are right; the counts as they were. */
  byte[] toObject() {
    byte[] index;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment source = arena.allocate(rawIndex.length);
      source.copyFrom(MemorySegment.ofArray(rawIndex));
      MemorySegment target = arena.allocate(Lz4Block.compressedBytesMax(rawIndex.length));
      int length = Lz4Block.compress(source, target);
      index = target.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(head);
    bytes.writeBytes(index);
    bytes.writeBytes(footer);
    byte[] object = bytes.toByteArray();
    ByteBuffer at = little(object);
    int footerAt = object.length - 64;
    at.putLong(footerAt, head.length);
    at.putInt(footerAt + 8, index.length);
    at.putInt(footerAt + 12, rawIndex.length);
    at.putInt(footerAt + 16, crc(object, head.length, index.length));
    at.putLong(footerAt + 36, object.length);
    at.putInt(footerAt + 44, crc(object, 64, head.length - 64));
    fixFooter(object);
    return object;
  }

  static void fixHeader(byte[] object) {
    if (object.length >= 64) {
      little(object).putInt(48, crc(object, 0, 48));
    }
  }

  static void fixFooter(byte[] object) {
    if (object.length >= 128) {
      int at = object.length - 64;
      little(object).putInt(at + 48, crc(object, at, 48));
    }
  }

  /** Makes the checksums of frames right, as far as their lengths lead, up to {@code end}. */
  static void fixFrames(byte[] object, int end) {
    ByteBuffer bytes = little(object);
    int offset = 64;
    while (offset + 16 < Math.min(end, object.length)) {
      int stored = bytes.getInt(offset);
      if (stored < 1 || stored > object.length - offset - 16) {
        return;
      }
      CRC32C crc = new CRC32C();
      crc.update(object, offset, 12);
      crc.update(object, offset + 16, stored);
      bytes.putInt(offset + 12, (int) crc.getValue());
      offset += 16 + stored;
    }
  }

  /** Makes all checksums right that the footer's own fields lead to. */
  static void fixAll(byte[] object) {
    fixHeader(object);
    if (object.length < 128) {
      return;
    }
    ByteBuffer bytes = little(object);
    int footerAt = object.length - 64;
    long indexAt = bytes.getLong(footerAt);
    if (indexAt >= 64 && indexAt <= footerAt) {
      fixFrames(object, (int) indexAt);
      bytes.putInt(footerAt + 44, crc(object, 64, (int) indexAt - 64));
      bytes.putInt(footerAt + 16, crc(object, (int) indexAt, footerAt - (int) indexAt));
    }
    fixFooter(object);
  }

  static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  static int crc(byte[] bytes, int offset, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, offset, length);
    return (int) crc.getValue();
  }
}
