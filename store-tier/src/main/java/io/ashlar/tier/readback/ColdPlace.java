package io.ashlar.tier.readback;

import io.ashlar.tier.checkpoint.TierKeys;

/**
 * What is read to have an evicted blob back.
 *
 * @param name the batch.
 * @param offset first byte of the frames that hold the blob; 0 when the whole object is needed.
 * @param length bytes of these frames; 0 when the whole object is needed.
 */
public record ColdPlace(TierKeys.BatchName name, long offset, long length) {
  /** Whether the whole object has to be read. */
  public boolean isWhole() {
    return length == 0;
  }

  /** The batch's key. */
  public String key() {
    return TierKeys.batch(name.generation(), name.number(), name.id());
  }
}
