package io.ashlar.tier.object;

import org.jspecify.annotations.Nullable;

/**
 * An object written in parts, for one that is too large for a single request or not known as a
 * whole. Nothing is visible under the key until it is complete.
 *
 * <p>Thread: parts may be written by several threads at once; complete and close by one, after all
 * of them. Closing an upload that was not completed aborts it.
 */
public interface MultipartUpload extends AutoCloseable {
  /** Fewest bytes in a part, the last excepted. */
  long PART_BYTES_MIN = 5L << 20;

  /** Bytes in a part of a body that a store cuts up by itself, unless there would be too many. */
  long PART_BYTES = 16L << 20;

  /** Highest part number. */
  int PARTS_MAX = 10_000;

  /**
   * {@return bytes in each part of a body of {@code length} bytes: {@link #PART_BYTES} or more}
   *
   * @param length of the body.
   */
  static long partBytes(long length) {
    long least = (length + PARTS_MAX - 1) / PARTS_MAX;
    return Math.max(PART_BYTES, least);
  }

  /**
   * Writes one part. Writing a number again replaces it.
   *
   * @param number 1 to {@value #PARTS_MAX}; the object is the parts in the order of their numbers.
   * @param body at least {@link #PART_BYTES_MIN} bytes, unless it is the last part.
   * @throws IllegalArgumentException if the number is out of range.
   * @throws ObjectStoreException if the store fails; the part can be written again.
   */
  void part(int number, ObjectBody body);

  /**
   * Makes the parts one object, replacing what is there.
   *
   * @return the version that was written.
   * @throws ObjectStoreException if the store fails.
   * @throws IllegalStateException if there is no part, or it was completed or closed.
   */
  PutResult.Stored complete();

  /**
   * As {@link #complete}, unless an object is there already: then it is refused and aborted.
   *
   * @return whether it was written.
   */
  PutResult completeIfAbsent();

  /** {@return the {@link ObjectInfo#putId} that the object will have, or null if none is kept} */
  default @Nullable String putId() {
    return null;
  }

  /**
   * Aborts an upload that is not complete; a failure to abort is left to the store's own expiry.
   */
  @Override
  void close();
}
