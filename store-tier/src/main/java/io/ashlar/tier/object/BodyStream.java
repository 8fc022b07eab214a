package io.ashlar.tier.object;

import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.IntConsumer;

/**
 * Exactly {@code length} bytes of a stream: it ends there even if the source goes on, and throws
 * {@link EOFException} if the source ends before, so that a torn response is never taken for a
 * short object. Tells {@code onRead} how many bytes were taken. Thread: one.
 */
public final class BodyStream extends FilterInputStream {
  /** Bytes moved at a time where bytes must pass through the heap. */
  public static final int CHUNK_BYTES = 64 << 10;

  private final long length;
  private final IntConsumer onRead;
  private long position;

  public BodyStream(InputStream source, long length, IntConsumer onRead) {
    super(source);
    this.length = length;
    this.onRead = onRead;
  }

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
