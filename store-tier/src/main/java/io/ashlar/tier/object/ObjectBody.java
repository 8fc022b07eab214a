package io.ashlar.tier.object;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of an object to be written: a known length, and as many streams over the same bytes as
 * the store needs (a repeated attempt reads them again).
 *
 * <p>Thread: a store reads a body on the thread that called it, so a confined segment will do. What
 * the body reads from must stay alive and unchanged until the call returns.
 */
public interface ObjectBody {
  /** Exact number of bytes, 0 or more. */
  long length();

  /**
   * Opens the bytes from their start.
   *
   * @return a stream of exactly {@link #length()} bytes that the caller closes.
   * @throws IOException if the source cannot be read.
   */
  InputStream newStream() throws IOException;

  /**
   * Writes all bytes to {@code target}, which must be blocking. Implementations over memory
   * override it to avoid the heap.
   *
   * @throws IOException if the source or the target fails.
   */
  default void writeTo(WritableByteChannel target) throws IOException {
    byte[] chunk = new byte[BodyStream.CHUNK_BYTES];
    try (InputStream stream = newStream()) {
      for (int n = stream.read(chunk); n >= 0; n = stream.read(chunk)) {
        ByteBuffer buffer = ByteBuffer.wrap(chunk, 0, n);
        while (buffer.hasRemaining()) {
          target.write(buffer);
        }
      }
    }
  }

  /**
   * The CRC-32C of all bytes, computed by reading them.
   *
   * @throws IOException if the source cannot be read.
   */
  default int crc32c() throws IOException {
    CRC32C crc = new CRC32C();
    byte[] chunk = new byte[BodyStream.CHUNK_BYTES];
    try (InputStream stream = newStream()) {
      for (int n = stream.read(chunk); n >= 0; n = stream.read(chunk)) {
        crc.update(chunk, 0, n);
      }
    }
    return (int) crc.getValue();
  }

  /**
   * A part of this body, for a multipart upload.
   *
   * @throws IndexOutOfBoundsException if the range is not inside this body.
   */
  default ObjectBody slice(long offset, long length) {
    return new SlicedBody(this, offset, length);
  }

  /**
   * A text that tells this write from every other, stored beside the object where the store can:
   * who does not know whether his write was applied reads the object back and compares. Null for
   * none.
   */
  default @Nullable String putId() {
    return null;
  }

  /** A body over {@code bytes}, which is not copied. */
  static ObjectBody of(byte[] bytes) {
    return new SegmentBody(MemorySegment.ofArray(bytes));
  }

  /** A body over {@code bytes}, on or off the heap, which is not copied. */
  static ObjectBody of(MemorySegment bytes) {
    return new SegmentBody(bytes);
  }

  /**
   * A body over a regular file as long as it is now.
   *
   * @throws IOException if its length cannot be read.
   */
  static ObjectBody ofFile(Path file) throws IOException {
    return FileBody.of(file);
  }
}
