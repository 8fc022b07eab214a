package io.ashlar.tier.object;

import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.IntConsumer;

/**
 * Exactly {@code length} bytes of a stream. It ends there even if the source has more. It throws
 * {@link EOFException} if the source has less, so that a torn response never passes for a short
 * object. Thread: one.
 */
public final class BodyStream extends FilterInputStream {
  /** Bytes moved at a time where bytes must pass through the heap. */
  public static final int CHUNK_BYTES = 64 << 10;

  private final long length;
  private final IntConsumer onRead;
  private long position;

  /**
   * Limits a stream.
   *
   * @param source read, and closed with this stream.
   * @param length bytes to read from it, 0 or more.
   * @param onRead called with the number of bytes after each read.
   */
  public BodyStream(InputStream source, long length, IntConsumer onRead) {
    super(source);
    this.length = length;
    this.onRead = onRead;
  }

  /**
   * Creates the error of a body that is shorter than announced.
   *
   * @param actual bytes read.
   * @param expected bytes announced.
   * @return the error, to be thrown.
   */
  public static EOFException endedEarly(long actual, long expected) {
    return new EOFException("body ended early: expected=" + expected + ", actual=" + actual);
  }

  @Override
  public int read() throws IOException {
    if (position == length) {
      return -1;
    }
    int b = in.read();
    if (b < 0) {
      throw endedEarly(position, length);
    }
    position++;
    onRead.accept(1);
    return b;
  }

  @Override
  public int read(byte[] target, int offset, int count) throws IOException {
    if (count == 0) {
      return 0;
    }
    if (position == length) {
      return -1;
    }
    int n = in.read(target, offset, (int) Math.min(count, length - position));
    if (n < 0) {
      throw endedEarly(position, length);
    }
    position += n;
    onRead.accept(n);
    return n;
  }

  @Override
  public long skip(long count) throws IOException {
    long n = in.skip(Math.min(count, length - position));
    position += n;
    return n;
  }

  @Override
  public int available() throws IOException {
    return (int) Math.min(in.available(), length - position);
  }

  @Override
  public boolean markSupported() {
    return false;
  }
}
