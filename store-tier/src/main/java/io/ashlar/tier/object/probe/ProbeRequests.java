package io.ashlar.tier.object.probe;

import io.ashlar.tier.object.ObjectStoreException;
import org.jspecify.annotations.Nullable;

/**
 * What {@link DialectProbe} asks with: requests exactly as they are spelled, each sent once.
 * Thread: any. Failures that say nothing about the dialect (no answer, 5xx, permissions) throw
 * {@link ObjectStoreException}.
 */
public interface ProbeRequests {
  /** What a request was answered with. */
  enum Answer {
    /** It was applied, the store says. */
    APPLIED,
    /** A condition or a checksum did not hold (412, 409, 404, a bad digest). */
    REFUSED,
    /** The store does not take such a request (other 4xx, 501). */
    REJECTED
  }

  /**
   * Sends one PUT.
   *
   * @param key the object, below {@code _probe/}.
   * @param body its text.
   * @param ifNoneMatch the header's exact value, or null for none.
   * @param ifMatch the header's exact value, quotes included, or null for none.
   * @param crc32c the checksum to send, right or wrong, or null for none.
   * @return what the store made of it.
   * @throws ObjectStoreException if the answer says nothing about the dialect.
   */
  Answer put(
      String key,
      String body,
      @Nullable String ifNoneMatch,
      @Nullable String ifMatch,
      @Nullable Integer crc32c);

  /**
   * Sends one DELETE.
   *
   * @param key the object, below {@code _probe/}.
   * @param ifMatch the header's exact value, quotes included, or null for none.
   * @return what the store made of it.
   * @throws ObjectStoreException if the answer says nothing about the dialect.
   */
  Answer delete(String key, @Nullable String ifMatch);

  /**
   * {@return the text of an object, or null if it is absent}
   *
   * @param key the object, below {@code _probe/}.
   * @throws ObjectStoreException if the store does not answer.
   */
  @Nullable String read(String key);

  /**
   * {@return the etag of an object, without quotes; an empty text if it is absent}
   *
   * @param key the object, below {@code _probe/}.
   * @throws ObjectStoreException if the store does not answer.
   */
  String etag(String key);
}
