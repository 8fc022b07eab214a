package io.ashlar.tier.fetch;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.tier.checkpoint.TierKeys;
import java.util.UUID;

/**
 * The 24 bytes that a local index keeps of an evicted blob: they name the batch object, and nothing
 * else has to be known to read the blob back. This is their specification.
 *
 * <pre>
 * bytes   of              content
 *  0– 7   first    bits 63–32 generation, bits 31–0 number, both unsigned
 *  8–15   second   upper half of the batch's UUID (version 7)
 * 16–23   third    lower half of the batch's UUID
 * </pre>
 *
 * <p>So generations and numbers above 2³² − 1 cannot be referred to; a writer stops before. A
 * reference with generation 0, or whose UUID is not of version 7 and variant 2, was not made here.
 *
 * <p>Thread: any; there is no state.
 */
public final class ColdReferenceCodec {
  /** Greatest generation and number that a reference can hold. */
  public static final long NUMBER_MAX = 0xFFFF_FFFFL;

  private static final int VERSION = 7;
  private static final int VARIANT = 2;

  private ColdReferenceCodec() {}

  /**
   * Refers to a batch.
   *
   * @throws IllegalArgumentException if the generation is 0 or one of the numbers does not fit.
   */
  public static ColdReference encode(TierKeys.BatchName name) {
    if (name.generation() < 1 || name.generation() > NUMBER_MAX || name.number() > NUMBER_MAX) {
      throw new IllegalArgumentException("batch name does not fit a cold reference: name=" + name);
    }
    return new ColdReference(
        name.generation() << 32 | name.number(),
        name.id().getMostSignificantBits(),
        name.id().getLeastSignificantBits());
  }

  /**
   * The batch that is referred to.
   *
   * @throws CorruptionException if it was not made by {@link #encode}.
   */
  public static TierKeys.BatchName decode(ColdReference reference) {
    UUID id = new UUID(reference.second(), reference.third());
    long generation = reference.first() >>> 32;
    if (generation == 0 || id.version() != VERSION || id.variant() != VARIANT) {
      throw new CorruptionException(
          "cold reference is not one of this tier: reference=" + reference, null, -1, 0, 0, null);
    }
    return new TierKeys.BatchName(generation, reference.first() & NUMBER_MAX, id);
  }

  /** The key of the batch that is referred to. */
  public static String key(ColdReference reference) {
    TierKeys.BatchName name = decode(reference);
    return TierKeys.batch(name.generation(), name.number(), name.id());
  }
}
