package io.ashlar.tier.object.probe;

/**
 * Which of the conditional and checked requests an endpoint really honours, as {@link DialectProbe}
 * found out. Immutable.
 *
 * @param putIfAbsent {@code If-None-Match: *} on a PUT.
 * @param putIfMatch {@code If-Match} on a PUT.
 * @param checksum CRC-32C sent with a PUT.
 * @param conditionalDelete {@code If-Match} on a DELETE; nothing of ours relies on it.
 */
public record Dialect(
    PutIfAbsent putIfAbsent,
    PutIfMatch putIfMatch,
    Checksum checksum,
    ConditionalDelete conditionalDelete) {

  /** What became of {@code If-None-Match: *}. */
  public enum PutIfAbsent {
    /** One of several stores, the others are refused. */
    REAL,
    /** It is accepted, and an object is overwritten, or several writers store. */
    FAKE,
    /** The request is rejected. */
    UNSUPPORTED
  }

  /** What became of {@code If-Match}. */
  public enum PutIfMatch {
    /** It is real when the etag is in quotes, as the standard says. */
    QUOTED,
    /** It is real when the etag is bare. */
    UNQUOTED,
    /** It is accepted, and replaces another version, or several writers store. */
    FAKE,
    /** It is rejected, or refuses the right etag too. */
    UNSUPPORTED
  }

  /** What became of a checksum. */
  public enum Checksum {
    /** A body that does not match it is refused. */
    VERIFIED,
    /** It is accepted, and a body that does not match it too. */
    IGNORED,
    /** A request that has one is rejected; none is sent. */
    REJECTED
  }

  /** What became of a conditional delete. */
  public enum ConditionalDelete {
    /** An object of another version stays. */
    HONOURED,
    /** An object of another version is deleted. */
    IGNORED,
    /** The request is rejected. */
    UNSUPPORTED
  }

  /** What S3 itself does, and what is assumed of an endpoint that was not probed. */
  public static final Dialect STANDARD =
      new Dialect(
          PutIfAbsent.REAL, PutIfMatch.QUOTED, Checksum.VERIFIED, ConditionalDelete.HONOURED);

  /** {@return whether several writers can share a prefix} For that a tier needs put-if-absent. */
  public boolean fitForSeveralWriters() {
    return putIfAbsent == PutIfAbsent.REAL;
  }

  /** {@return whether a put-if-match can be relied on} */
  public boolean comparesAndSets() {
    return putIfMatch == PutIfMatch.QUOTED || putIfMatch == PutIfMatch.UNQUOTED;
  }
}
