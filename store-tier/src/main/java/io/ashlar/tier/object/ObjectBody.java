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
 * The bytes of an object to be written. The length is known. A repeated attempt opens the stream
 * again and reads the same bytes.
 *
 * <p>Thread: a store reads a body on the thread that called it, so a confined segment will do. What
 * the body reads from must stay alive and unchanged until the call returns.
 */
public interface ObjectBody {
  /** {@return exact number of bytes, 0 or more} */
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
   * @param target where the bytes go; stays open.
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
   * {@return the CRC-32C of all bytes, computed by reading them}
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
   * {@return a part of this body, for a multipart upload}
   *
   * @param offset first byte.
   * @param length bytes.
   * @throws IndexOutOfBoundsException if the range is not inside this body.
   */
  default ObjectBody slice(long offset, long length) {
    return new SlicedBody(this, offset, length);
  }

  /**
   * {@return a text that identifies this write, or null} It is stored beside the object where the
   * store can do that. A caller that does not know whether its write was applied reads the object
   * back and compares.
   */
  default @Nullable String putId() {
    return null;
  }

  /**
   * {@return a body over {@code bytes}, which is not copied}
   *
   * @param bytes unchanged until the put returns.
   */
  static ObjectBody of(byte[] bytes) {
    return new SegmentBody(MemorySegment.ofArray(bytes));
  }

  /**
   * {@return a body over {@code bytes}, on or off the heap, which is not copied}
   *
   * @param bytes alive and unchanged until the put returns.
   */
  static ObjectBody of(MemorySegment bytes) {
    return new SegmentBody(bytes);
  }

  /**
   * {@return a body over a regular file, of the file's current length}
   *
   * @param file not shortened until the put returns.
   * @throws IOException if its length cannot be read.
   */
  static ObjectBody ofFile(Path file) throws IOException {
    return FileBody.of(file);
  }
}
