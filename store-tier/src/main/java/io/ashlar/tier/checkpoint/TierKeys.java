package io.ashlar.tier.checkpoint;

import io.ashlar.tier.json.SealedJson;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where the objects of a tier are, below the root of its object store.
 *
 * <pre>
 * manifests/{sequence, 20 digits}                          one a tier checkpoint; 1 is the first
 * batches/{generation, 10 digits}/{n, 10 digits}-{uuid7}   LCB1, n counted by its writer
 * _latest                                                  JSON {"sequence": …}: a hint, may be stale
 * gc/boundary                                              JSON {"sequence": …}: see {@link Boundary}
 * pins/{sequence, 20 digits}-{uuid7}                       a reader of that checkpoint
 * </pre>
 *
 * <p>Batches have their own checksums; every other object is {@linkplain SealedJson sealed}.
 *
 * <p>Digits are padded with zeros, so that keys sort as their numbers. Thread: any.
 */
public final class TierKeys {
  /** The prefix of all manifests. */
  public static final String MANIFESTS = "manifests/";

  /** The prefix of all batches. */
  public static final String BATCHES = "batches/";

  /** The prefix of all pins. */
  public static final String PINS = "pins/";

  /** The key of the boundary. */
  public static final String BOUNDARY = "gc/boundary";

  /** The key of the hint. */
  public static final String LATEST = "_latest";

  /** Greatest generation and batch number that a key can hold. */
  public static final long GENERATION_MAX = 9_999_999_999L;

  private static final Pattern MANIFEST = Pattern.compile("manifests/([0-9]{20})");
  private static final Pattern BATCH =
      Pattern.compile(
          "batches/([0-9]{10})/([0-9]{10})-"
              + "([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})");

  private static final Pattern PIN = Pattern.compile("pins/([0-9]{20})-[0-9a-f-]{36}");

  private TierKeys() {}

  /**
   * What a batch key says.
   *
   * <p>Our writer <i>derives</i> the lower half of the id from the rest of the name. It is variant
   * 2, then the last 62 of the first 64 bits of a SHA-256. The digest covers the generation, the
   * number and the upper half of the id, 8 bytes each, big-endian. Generation and number make a
   * name unique below one prefix. The time and the 12 random bits of the upper half distinguish it
   * from a name of an earlier life of the prefix.
   */
  public record BatchName(long generation, long number, UUID id) {
    private static final long VARIANT_2 = 1L << 63;
    private static final long RANDOM_MASK = (1L << 62) - 1;

    /**
     * A name with a derived id.
     *
     * @param idUpperHalf the upper half of a UUID of version 7.
     */
    public static BatchName derived(long generation, long number, long idUpperHalf) {
      return new BatchName(
          generation, number, new UUID(idUpperHalf, lowerHalf(generation, number, idUpperHalf)));
    }

    /** Whether the id's lower half follows from the rest. */
    public boolean isDerived() {
      return id.getLeastSignificantBits()
          == lowerHalf(generation, number, id.getMostSignificantBits());
    }

    private static long lowerHalf(long generation, long number, long idUpperHalf) {
      byte[] rest =
          ByteBuffer.allocate(3 * Long.BYTES)
              .putLong(generation)
              .putLong(number)
              .putLong(idUpperHalf)
              .array();
      try {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(rest);
        return VARIANT_2 | (ByteBuffer.wrap(digest).getLong() & RANDOM_MASK);
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every JDK has SHA-256", e);
      }
    }
  }

  /**
   * The key of a manifest.
   *
   * @param sequence 1 or more.
   */
  public static String manifest(long sequence) {
    if (sequence < 1) {
      throw new IllegalArgumentException("manifest sequence out of range: value=" + sequence);
    }
    return MANIFESTS + String.format("%020d", sequence);
  }

  /**
   * The key of a batch.
   *
   * @param generation 1 to {@link #GENERATION_MAX}.
   * @param number 0 to {@link #GENERATION_MAX}.
   * @param id a UUID of version 7.
   */
  public static String batch(long generation, long number, UUID id) {
    if (generation < 1 || generation > GENERATION_MAX || number < 0 || number > GENERATION_MAX) {
      throw new IllegalArgumentException(
          "batch number out of range: generation=" + generation + ", number=" + number);
    }
    if (id.version() != 7) {
      throw new IllegalArgumentException("batch id is not a UUID of version 7: id=" + id);
    }
    return String.format("%s%010d/%010d-%s", BATCHES, generation, number, id);
  }

  /**
   * The key of a pin.
   *
   * @param sequence the manifest that is pinned.
   * @param id a UUID of version 7 of its own.
   */
  public static String pin(long sequence, UUID id) {
    return PINS + String.format("%020d", sequence) + "-" + id;
  }

  /** The sequence in a pin's key, or −1 if it is not one. */
  public static long pinnedSequence(String key) {
    return sequence(PIN.matcher(key));
  }

  /** The sequence in a manifest's key, or −1 if it is not one. */
  public static long manifestSequence(String key) {
    return sequence(MANIFEST.matcher(key));
  }

  private static long sequence(Matcher matcher) {
    if (!matcher.matches()) {
      return -1;
    }
    try {
      return Long.parseLong(matcher.group(1));
    } catch (NumberFormatException beyondLong) {
      return -1;
    }
  }

  /** What a batch's key says, or null if it is not one. */
  public static @Nullable BatchName batchName(String key) {
    Matcher matcher = BATCH.matcher(key);
    if (!matcher.matches()) {
      return null;
    }
    return new BatchName(
        Long.parseLong(matcher.group(1)),
        Long.parseLong(matcher.group(2)),
        UUID.fromString(matcher.group(3)));
  }
}
