package io.ashlar.tier.object;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The bytes of an object, or of a range of it, as they arrive. Close it, read or not: an open
 * content holds a connection or a file.
 *
 * <p>Thread: one at a time.
 */
public final class ObjectContent implements AutoCloseable {
  private final ObjectInfo object;
  private final long length;
  private final InputStream stream;

  /**
   * Wraps a response.
   *
   * @param object what the store says about the whole object.
   * @param length bytes in this content: all of the object's or a range.
   * @param stream those bytes; closed with this content. It may throw an early end as {@link
   *     java.io.EOFException}, and must not end early without.
   */
  public ObjectContent(ObjectInfo object, long length, InputStream stream) {
    this.object = object;
    this.length = length;
    this.stream = stream;
  }

  /** {@return the object these bytes belong to: key, whole length, etag} */
  public ObjectInfo object() {
    return object;
  }

  /** {@return number of bytes in this content} */
  public long length() {
    return length;
  }

  /**
   * {@return the bytes, to be read once} The stream ends after exactly {@link #length()} bytes; a
   * response that is cut before throws {@link java.io.EOFException}.
   */
  public InputStream stream() {
    return stream;
  }

  /**
   * Fills {@code target}, which has exactly {@link #length()} bytes, through a small heap buffer.
   *
   * @param target where the bytes go.
   * @throws IllegalArgumentException if the sizes differ.
   * @throws ObjectStoreException retryable, if the response breaks off; the target's bytes are then
   *     undefined.
   */
  public void readInto(MemorySegment target) {
    if (target.byteSize() != length) {
      throw new IllegalArgumentException(
          "target size differs: expected=" + length + ", actual=" + target.byteSize());
    }
    byte[] chunk = new byte[(int) Math.min(BodyStream.CHUNK_BYTES, Math.max(1, length))];
    long position = 0;
    try {
      while (position < length) {
        int n = stream.read(chunk, 0, (int) Math.min(chunk.length, length - position));
        if (n < 0) {
          throw BodyStream.endedEarly(position, length);
        }
        MemorySegment.copy(chunk, 0, target, ValueLayout.JAVA_BYTE, position, n);
        position += n;
      }
    } catch (IOException e) {
      throw new ObjectStoreException(
          "reading an object failed: key="
              + ObjectKey.shown(object.key())
              + ", read="
              + position
              + ", expected="
              + length
              + ", reason="
              + e,
          true,
          e);
    }
  }

  /** Gives up what is unread and frees the connection or file. Idempotent. */
  @Override
  public void close() {
    try {
      stream.close();
    } catch (IOException ignored) {
      // What was read has been checked for its length; a failed close takes nothing back.
    }
  }
}
