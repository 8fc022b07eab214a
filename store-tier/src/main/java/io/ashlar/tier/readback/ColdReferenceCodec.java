package io.ashlar.tier.readback;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.tier.checkpoint.TierKeys;
import java.util.UUID;

/**
 * Specifies the 24 bytes that a local index keeps of an evicted blob. They name the batch object
 * and a range of it, which is enough to read the blob back with one ranged GET.
 *
 * <pre>
 * bytes   of              content
 *  0– 7   first    bits 63–32 generation, bits 31–0 number, both unsigned
 *  8–15   second   upper half of the batch's UUID (version 7)
 * 16–23   third    bits 63–62 = 2: the lower half of the batch's UUID; read the whole object
 *                  bits 63–62 = 1: bit 61 zero, bits 60–31 offset, bits 30–0 length of the frames
 *                  to read; the lower half of the UUID follows from the other fields, as {@link
 *                  TierKeys.BatchName#derived} says
 * </pre>
 *
 * <p>The first form is of batches of version 2, which cannot be read in parts, and of names whose
 * UUID is not derived. So generations and numbers above 2³² − 1 cannot be referred to; a writer
 * stops before. Every other value is refused: generation 0; a UUID that is not of version 7 and
 * variant 2; other bits 63–61; an offset or length that no frame can have.
 *
 * <p>Thread: any; there is no state.
 */
public final class ColdReferenceCodec {
  /** Greatest generation and number that a reference can hold. */
  public static final long NUMBER_MAX = 0xFFFF_FFFFL;

  /** Greatest offset that a reference can hold. */
  public static final long OFFSET_MAX = (1L << 30) - 1;

  /** Greatest length that a reference can hold. */
  public static final long LENGTH_MAX = (1L << 31) - 1;

  private static final int VERSION = 7;
  private static final int VARIANT = 2;
  private static final int FORM_SHIFT = 61;
  private static final long FORM_RANGE = 2;
  private static final int OFFSET_SHIFT = 31;

  private ColdReferenceCodec() {}

  /**
   * Refers to a whole batch.
   *
   * @throws IllegalArgumentException if the generation is 0 or one of the numbers does not fit.
   */
  public static ColdReference encode(TierKeys.BatchName name) {
    return new ColdReference(
        numbers(name), name.id().getMostSignificantBits(), name.id().getLeastSignificantBits());
  }

  /**
   * Refers to frames of a batch.
   *
   * @param name a {@linkplain TierKeys.BatchName#isDerived derived} name, which is not checked.
   * @param offset 1 to {@link #OFFSET_MAX}.
   * @param length 1 to {@link #LENGTH_MAX}.
   * @throws IllegalArgumentException if one of the numbers does not fit.
   */
  public static ColdReference encode(TierKeys.BatchName name, long offset, long length) {
    if (offset < 1 || offset > OFFSET_MAX || length < 1 || length > LENGTH_MAX) {
      throw new IllegalArgumentException(
          "frames do not fit a cold reference: name="
              + name
              + ", offset="
              + offset
              + ", length="
              + length);
    }
    return new ColdReference(
        numbers(name),
        name.id().getMostSignificantBits(),
        FORM_RANGE << FORM_SHIFT | offset << OFFSET_SHIFT | length);
  }

  private static long numbers(TierKeys.BatchName name) {
    if (name.generation() < 1 || name.generation() > NUMBER_MAX || name.number() > NUMBER_MAX) {
      throw new IllegalArgumentException("batch name does not fit a cold reference: name=" + name);
    }
    return name.generation() << 32 | name.number();
  }

  /**
   * What is referred to.
   *
   * @throws CorruptionException if it was not made by {@link #encode}.
   */
  public static ColdPlace decode(ColdReference reference) {
    long generation = reference.first() >>> 32;
    long number = reference.first() & NUMBER_MAX;
    long third = reference.third();
    boolean range = third >>> FORM_SHIFT == FORM_RANGE;
    long offset = range ? third >>> OFFSET_SHIFT & OFFSET_MAX : 0;
    long length = range ? third & LENGTH_MAX : 0;
    UUID id = new UUID(reference.second(), third);
    boolean known = range ? offset > 0 && length > 0 : id.variant() == VARIANT;
    if (generation == 0 || id.version() != VERSION || !known) {
      throw new CorruptionException(
          "cold reference is not one of this tier: reference=" + reference, null, -1, 0, 0, null);
    }
    TierKeys.BatchName name =
        range
            ? TierKeys.BatchName.derived(generation, number, reference.second())
            : new TierKeys.BatchName(generation, number, id);
    return new ColdPlace(name, offset, length);
  }

  /**
   * The least length of a batch that what is referred to lies in: where the frames end; 0 if the
   * whole batch is referred to. Unlike {@link #decode} it checks nothing and costs nothing.
   */
  public static long endOf(ColdReference reference) {
    long third = reference.third();
    boolean range = third >>> FORM_SHIFT == FORM_RANGE;
    return range ? (third >>> OFFSET_SHIFT & OFFSET_MAX) + (third & LENGTH_MAX) : 0;
  }
}
