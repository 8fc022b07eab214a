package io.ashlar.tier.object;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Objects;
import java.util.zip.CRC32C;

/** A body over memory. The segment belongs to the caller. */
record SegmentBody(MemorySegment bytes) implements ObjectBody {
  /** Most bytes viewed as one ByteBuffer, whose capacity is an int. */
  private static final long VIEW_BYTES_MAX = 1L << 20;

  @Override
  public long length() {
    return bytes.byteSize();
  }

  @Override
  public InputStream newStream() {
    return new SegmentStream(bytes);
  }

  @Override
  public void writeTo(WritableByteChannel target) throws IOException {
    for (long offset = 0; offset < bytes.byteSize(); offset += VIEW_BYTES_MAX) {
      ByteBuffer view = view(offset);
      while (view.hasRemaining()) {
        target.write(view);
      }
    }
  }

  @Override
  public int crc32c() {
    CRC32C crc = new CRC32C();
    for (long offset = 0; offset < bytes.byteSize(); offset += VIEW_BYTES_MAX) {
      crc.update(view(offset));
    }
    return (int) crc.getValue();
  }

  @Override
  public ObjectBody slice(long offset, long length) {
    return new SegmentBody(bytes.asSlice(offset, length));
  }

  private ByteBuffer view(long offset) {
    return bytes
        .asSlice(offset, Math.min(VIEW_BYTES_MAX, bytes.byteSize() - offset))
        .asByteBuffer();
  }

  private static final class SegmentStream extends InputStream {
    private final MemorySegment bytes;
    private long position;
    private long mark;

    SegmentStream(MemorySegment bytes) {
      this.bytes = bytes;
    }

    @Override
    public int read() {
      return position == bytes.byteSize()
          ? -1
          : bytes.get(ValueLayout.JAVA_BYTE, position++) & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
      Objects.checkFromIndexSize(offset, length, target.length);
      if (length == 0) {
        return 0;
      }
      int n = (int) Math.min(length, bytes.byteSize() - position);
      if (n == 0) {
        return -1;
      }
      MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, position, target, offset, n);
      position += n;
      return n;
    }

    @Override
    public long skip(long count) {
      long n = Math.clamp(count, 0, bytes.byteSize() - position);
      position += n;
      return n;
    }

    @Override
    public int available() {
      return (int) Math.min(Integer.MAX_VALUE, bytes.byteSize() - position);
    }

    @Override
    public boolean markSupported() {
      return true;
    }

    @Override
    public void mark(int readLimit) {
      mark = position;
    }

    @Override
    public void reset() {
      position = mark;
    }
  }
}
