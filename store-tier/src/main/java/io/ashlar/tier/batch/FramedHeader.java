package io.ashlar.tier.batch;

import java.util.UUID;

/**
 * What the header of a version 3 batch says of it.
 *
 * @param entries number of entries.
 * @param epoch the last epoch that the batch belongs to, unsigned; 0 when it is of none.
 * @param id the batch's own id, a UUID of version 7 as our writer makes it.
 * @param createdMs when it was written, for people only.
 * @param sealed whether the batch is encrypted.
 */
public record FramedHeader(long entries, long epoch, UUID id, long createdMs, boolean sealed) {

  /** Of a batch that is not encrypted, or, given to an encoder, as the encoder does it. */
  public FramedHeader(long entries, long epoch, UUID id, long createdMs) {
    this(entries, epoch, id, createdMs, false);
  }
}
